import { spawnSync } from 'node:child_process'
import { networkInterfaces } from 'node:os'
import t, { type Test } from 'tap'
import { startChild, temporaryFolder } from './fixtures/network/child.ts'
import { startServer } from './fixtures/network/server.ts'
import { postgresUrl } from './fixtures/postgres/database.ts'

/** What a person reads, who starts it by hand. */

const hasScript = spawnSync('script', ['--version']).status === 0
const skip = hasScript ? false : 'there is no program "script" to make a terminal with'
const DATABASE_URL = await postgresUrl(t)

const onTerminal = (t: Test, env: Record<string, string>) =>
  startChild(t, 'src/server.ts', { env, cwd: temporaryFolder(t), terminal: true })

t.test('a failed start is told in Chinese and English', { skip }, async (t) => {
  for (const [env, zh, en] of [
    [{ MIGRATE: 'atuo' }, '- MIGRATE 应为：auto 或 off', '- MIGRATE must be auto or off'],
    [
      { DATABASE_URL, NODE_ENV: 'test', HOST: '203.0.113.9' },
      'HOST 为 203.0.113.9：本机没有该地址',
      'HOST is 203.0.113.9: no address of this machine',
    ],
  ] as const) {
    const child = onTerminal(t, env)
    t.equal(await child.ended, 1)
    t.match(child.stdout(), zh)
    t.match(child.stdout(), en)
    t.ok(child.stdout().indexOf(zh) < child.stdout().indexOf(en), 'Chinese first')
    t.notMatch(child.stdout(), /^\{/m, 'no JSON')
  }
})

t.test('a banner says where to open it and how to stop it', { skip }, async (t) => {
  const child = onTerminal(t, { DATABASE_URL, NODE_ENV: 'test', PORT: '0', CODE_STOCK: '0' })
  await child.wrote('stdout', /Ctrl\+C/)
  const text = child.stdout()
  t.match(text, /ScenePass \d+\.\d+\.\d+ · 沙箱.*sandbox/)
  t.match(text, /Open +http:\/\/127\.0\.0\.1:\d+\r\n/)
  t.match(text, /Phone +.*HOST=0\.0\.0\.0/, 'how a phone gets in')
  t.match(text, /Docs +http:\/\/127\.0\.0\.1:\d+\/docs\r\n/)
  t.notMatch(text, /^\{/m, 'no JSON')
  child.type('\x03')
  t.equal(await child.ended, 0, 'Ctrl+C stops it')
})

const inNetwork = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.family === 'IPv4' && !each.internal)?.address
const alone = inNetwork ? false : 'this machine has no address in any network'

t.test('HOST=0.0.0.0 names an address that others can open', { skip: alone }, async (t) => {
  const env = { DATABASE_URL, NODE_ENV: 'test', HOST: '0.0.0.0', CODE_STOCK: '0' }
  const child = await startServer(t, env)
  const [, address = ''] =
    /listening on .*(http:\/\/(?!127\.)[\d.]+:\d+)/.exec(child.stdout()) ?? []
  t.match(address, inNetwork)
  t.equal((await fetch(`${address}/livez`)).status, 200)
})
