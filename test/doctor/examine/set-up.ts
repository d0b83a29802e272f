import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import t from 'tap'
import { lockFolder } from '../../../src/db/folder-lock.ts'
import { generateSigningJwk } from '../../../src/tokens/signing-key.ts'
import { createFirstKey } from '../../../src/tokens/stored-keys.ts'
import { temporaryFolder } from '../../fixtures/network/child.ts'
import { startExamined, withPassword } from '../../fixtures/network/examined.ts'
import { leaked } from '../../fixtures/network/wiretap.ts'
import { postgresDb, postgresUrl } from '../../fixtures/postgres/database.ts'

const { databaseUrl, said, look, testSecrets } = await startExamined(t)

t.test(
  'settings that do not fit are named all at once, and nothing else is looked at',
  async (t) => {
    const { of, named, works } = await look({ TICKET_TTL: 'long', WECHAT_SECRET: '' })
    t.same(named('failed'), ['settings'])
    t.same(named('ok'), [])
    t.match(of('settings').says, {
      en: /- TICKET_TTL must be .*\n- WECHAT_SECRET is missing/,
      zh: /TICKET_TTL 应为.*\n.*缺少 WECHAT_SECRET/,
    })
    t.match(of('page').says.en, 'because the settings did not pass')
    t.equal(works, false)
  },
)

t.test('a logo that the service would not start with', async (t) => {
  const { of, works } = await look({ SITE_LOGO: 'no-such-logo.png' })
  t.match(of('settings'), {
    status: 'failed',
    says: { en: /- SITE_LOGO: there is no file no-such-logo\.png/, zh: /SITE_LOGO：没有文件/ },
  })
  t.equal(works, false)
})

t.test('a database that cannot be used', async (t) => {
  const elsewhere = new URL(withPassword(databaseUrl))
  elsewhere.pathname = '/there_is_none'
  const { of, named } = await look({ DATABASE_URL: elsewhere.href })
  t.same(named('failed'), ['database'])
  t.match(of('database').says.en, /cannot be used: .*"there_is_none" does not exist\./)
  t.same(named('unchecked'), [
    'migrations',
    'database-clock',
    'signing-keys',
    'published-keys',
    'proxy',
  ])
  t.equal(of('page').status, 'ok', 'what does not need it is looked at')
})

t.test('a schema that is behind', async (t) => {
  const { of, named } = await look({ DATABASE_URL: await postgresUrl(t, { empty: true }) })
  t.same(named('failed'), ['migrations'])
  t.match(of('migrations'), {
    says: { en: /Not applied yet: 0001_tickets, 0002_users, / },
    fix: { en: /npx scenepass migrate/ },
  })
  t.match(of('signing-keys').says.en, 'because the migrations did not pass')
})

t.test('a service that runs on another database', async (t) => {
  const other = await postgresDb(t, 1)
  const before = await look({ DATABASE_URL: other.url })
  t.match(before.of('signing-keys').says.en, 'There is no signing key yet')
  t.equal(before.of('published-keys').status, 'unchecked')
  t.same(before.named('failed'), ['proxy'])
  const { rows } = await sql`select 1 from signing_keys`.execute(other.db)
  t.same(rows, [], 'to look makes no key')

  await createFirstKey(other.db)
  const after = await look({ DATABASE_URL: other.url })
  t.same(after.named('failed'), ['published-keys', 'proxy'])
})

t.test('a clock that is wrong', async (t) => {
  const { named, of } = await look({}, { now: () => Date.now() + 70_000 })
  t.same(named('failed'), ['database-clock', 'wechat-clock'])
  t.match(of('wechat-clock').says.en, /(69|7\d)\.\d s ahead of WeChat's clock/)
})

t.test('signing keys that cannot sign', async (t) => {
  const [key, other] = [await generateSigningJwk(), await generateSigningJwk()]
  const jwks = (jwk: object) => JSON.stringify({ keys: [jwk] })
  const [missing, mixed, good] = await Promise.all([
    look({ SIGNING_KEYS: 'file:/there/is/none.json' }),
    look({ SIGNING_KEYS: jwks({ ...key, d: other.d }) }),
    look({ SIGNING_KEYS: jwks(key) }),
  ])
  t.same(missing.named('failed'), ['signing-keys'])
  t.match(missing.of('signing-keys').says.en, /file:\/there\/is\/none\.json does not fit/)
  t.same(mixed.named('failed'), ['signing-keys'], 'the private half of another key')
  t.same(good.named('failed'), ['published-keys'], 'one that the service does not have')
  for (const jwk of [key, other]) t.notOk(leaked(said.join(''), [String(jwk.d)]))
})

t.test('an address that does not answer', async (t) => {
  const { named, of } = await look({ PUBLIC_URL: 'http://127.0.0.1:1' })
  t.same(named('failed'), ['public-url'])
  t.same(named('unchecked'), ['service', 'cache', 'published-keys', 'proxy'])
  t.match(of('public-url').fix?.en, /npx scenepass/)
})

t.test('production wants https, and a WeChat that is one', async (t) => {
  const simulated = await look({ NODE_ENV: 'production' })
  t.same(simulated.named('failed'), ['settings'])
  t.match(simulated.of('settings').says.en, /- WECHAT_APPID must be that of your own/)
  const real = await look({ NODE_ENV: 'production', WECHAT_APPID: 'wx0123456789abcdef' })
  t.ok(real.named('failed').includes('public-url'), 'also on this machine')
})

t.test('an embedded database is left alone', async (t) => {
  const folder = join(temporaryFolder(t), 'data')
  const env = { DATABASE_URL: `pglite:${folder}` }
  const fresh = await look(env)
  t.match(fresh.of('database'), {
    status: 'unchecked',
    says: { en: /the first start .* makes it/ },
  })
  t.notOk(existsSync(folder))

  mkdirSync(folder)
  writeFileSync(join(folder, 'PG_VERSION'), '18\n')
  const unlock = await lockFolder(realpathSync(folder))
  t.teardown(unlock)
  const used = await look(env)
  t.match(used.of('database'), { status: 'unchecked', says: { en: /in use by one process alone/ } })
  t.same(used.named('failed'), [])
  t.match(used.of('proxy').says.en, 'because the database could not be checked')
})

testSecrets(12)
