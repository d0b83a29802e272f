import t, { type Test } from 'tap'
import { SANDBOX_APPID, SANDBOX_SECRET } from '../../src/config/sandbox.ts'
import { startApp } from '../fixtures/app.ts'
import { startChild, temporaryFolder } from '../fixtures/network/child.ts'
import { postgresUrl } from '../fixtures/postgres/database.ts'

async function run(t: Test, args: string[], env: Record<string, string> = {}) {
  const child = startChild(t, 'src/cli/scenepass.ts', {
    args: ['doctor', ...args],
    cwd: temporaryFolder(t),
    env,
  })
  return { status: await child.ended, out: child.stdout(), err: child.stderr() }
}

t.test('as a program', async (t) => {
  const databaseUrl = await postgresUrl(t)
  const { url } = await startApp(t, { databaseUrl })
  const env = {
    DATABASE_URL: databaseUrl,
    PUBLIC_URL: url,
    WECHAT_APPID: SANDBOX_APPID,
    WECHAT_SECRET: SANDBOX_SECRET,
    WECHAT_API_BASE: `${url}/sandbox/wechat`,
  }
  const broken = { ...env, WECHAT_SECRET: '0'.repeat(32), LC_ALL: 'C.UTF-8' }
  const [good, bad, chinese, usage, unknown, help] = await Promise.all([
    run(t, ['--json'], env),
    run(t, ['--lang', 'en'], broken),
    run(t, [], broken),
    run(t, ['--jsn']),
    run(t, ['--lang', 'fr']),
    run(t, ['--help']),
  ])

  await t.test('a login would work: status 0, and one JSON document', async (t) => {
    t.match(good, { status: 0, err: '' })
    const { ok, checks } = JSON.parse(good.out)
    t.equal(ok, true)
    t.equal(checks.length, 18)
    for (const check of checks) {
      t.same(Object.keys(check), ['name', 'status', 'en', 'zh', 'fix'])
      t.match(check, {
        name: /^[a-z-]+$/,
        status: /^(ok|warning)$/,
        en: /\.$/,
        zh: /\p{Script=Han}/u,
      })
    }
  })

  await t.test('it would not: status 1, and what to do, the failure last', async (t) => {
    t.match(bad, { status: 1, err: '' })
    t.match(bad.out, /^（中文：--lang zh）\n✓ The settings fit: /)
    t.match(bad.out, /\n✗ AppID and .*40125.*\n {2}→ .*\n\n✗ A login would not work: 1 .*\n$/)
    t.match(bad.out, /\n\n– Not checked: the page/)
    t.notMatch(bad.out, /配置项无误|无法登录/, 'one language')
    t.notMatch(bad.out, '\x1b', 'a file gets no colours')
    t.match(chinese.out, /^\(English: --lang en\)\n✓ 配置项无误：/)
    t.match(chinese.out, /\n✗ 现在无法登录：1 项未通过。\n$/)
    t.notMatch(chinese.out, /The settings fit|A login would/)
  })

  await t.test('wrong usage: status 2', async (t) => {
    t.match(usage, { status: 2, out: '', err: /--jsn.*scenepass doctor --help\n$/ })
    t.match(unknown, { status: 2, out: '', err: /--lang must be zh or en/ })
    t.match(help, { status: 0, out: /^scenepass doctor [^]*--json/, err: '' })
  })
})
