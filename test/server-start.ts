import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import t, { type Test } from 'tap'
import { startChild, temporaryFolder } from './fixtures/network/child.ts'
import { call, clientOf } from './fixtures/network/client.ts'
import { credentials, startServer, until } from './fixtures/network/server.ts'
import { postgresUrl } from './fixtures/postgres/database.ts'
import { freePort } from './fixtures/postgres/postgres.ts'

t.test('without any setting it is the sandbox on PGlite in ./data', async (t) => {
  const cwd = temporaryFolder(t)
  const ops = await freePort()
  writeFileSync(
    join(cwd, '.env'),
    'TOKEN_ISSUER=https://from.the.file\nTOKEN_AUDIENCE_MINIPROGRAM=from-the-file\n',
  )
  const env = {
    OPS_PORT: String(ops),
    TOKEN_AUDIENCE_MINIPROGRAM: 'from-the-environment',
    CODE_STOCK: '2',
  }
  const first = await startServer(t, env, cwd)
  t.match(first.stdout(), /SANDBOX: this is not WeChat/)
  t.ok(existsSync(join(cwd, 'data', 'PG_VERSION')))
  t.match(await call(`${first.url}/readyz`), { status: 200, body: { status: 'ok' } })

  await t.test('.env is read, and the environment wins over it', async (t) => {
    const { body } = await clientOf(first.url).login(null, 'alice')
    t.match(decodeJwt(body.token), {
      iss: 'https://from.the.file',
      aud: 'from-the-environment',
    })
  })

  await t.test('pages of this machine may call it from every port, others from none', async (t) => {
    const alive = async (origin: string) =>
      (await call(`${first.url}/livez`, { headers: { origin } })).body
    t.same(await alive('http://localhost:5173'), { status: 'ok' })
    t.same(await alive('http://127.0.0.1:8080'), { status: 'ok' })
    t.same(await alive('http://192.0.2.1:8080'), { status: 'ok', code: 'ORIGIN_NOT_ALLOWED' })
  })

  await t.test('metrics are on their own port, and nothing else is', async (t) => {
    t.match(await call(`${first.url}/metrics`), { status: 404, body: { code: 'NOT_FOUND' } })
    const metrics = await call(`http://127.0.0.1:${ops}/metrics`)
    t.equal(metrics.status, 200)
    t.match(metrics.headers.get('content-type'), /^text\/plain/)
    t.match(metrics.body, /^# HELP /m)
    for (const path of ['/readyz', '/ticket', '/openapi.json', '/sandbox/phone']) {
      t.equal((await call(`http://127.0.0.1:${ops}${path}`)).status, 404, path)
    }
  })

  await t.test('codes are there before a browser asks, also while WeChat is down', async (t) => {
    const made = async () =>
      (await call(`${first.url}/sandbox/calls`)).body.getwxacodeunlimit as number
    await until(async () => (await made()) === 2)
    const down = { api: 'getwxacodeunlimit', http_status: 500, times: 1_000 }
    t.equal((await call(`${first.url}/sandbox/faults`, { json: down })).status, 204)
    const newCode = async () =>
      call(`${first.url}/ticket/${(await clientOf(first.url).create()).scene}/qrcode`)
    // The second one was asked for, but may still be on its way into the stock.
    for (let codes = 0; codes < 2;) if ((await newCode()).status === 200) codes++
    t.match(await newCode(), { status: 503, body: { code: 'WECHAT_BUSY' } }, 'two, and no more')
    // Of the stock's own call, which no request asked for: one line, from WeChat's client.
    const own = /"hostname":"[^"]*","api":"getwxacodeunlimit".*"A call to WeChat failed"/
    await first.wrote('stdout', own)
    t.notMatch(first.stdout(), /no code could be made in advance/, 'and no second one')
  })

  const keys = await call(`${first.url}/.well-known/jwks.json`)
  first.process.kill('SIGTERM')
  t.equal(await first.ended, 0)

  const second = await startServer(t, env, cwd)
  t.match(second.stdout(), /SANDBOX: this is not WeChat/, 'at every start')
  t.same(
    (await call(`${second.url}/.well-known/jwks.json`)).body,
    keys.body,
    'what it had is there',
  )
})

/** A start that is to fail. */
async function failing(t: Test, env: Record<string, string>) {
  const child = startChild(t, 'src/server.ts', { cwd: temporaryFolder(t), env })
  t.equal(await child.ended, 1, 'exit status 1')
  t.notMatch(child.stdout(), /listening/)
  return child
}

t.test('settings that do not fit: all of them on stderr, and nothing has begun', async (t) => {
  const { stdout, stderr } = await failing(t, {
    PORT: '99999',
    MIGRATE: 'perhaps',
    WECHAT_APPID: credentials.WECHAT_APPID,
    DATABASE_URL: 'mysql://me:hunter2@db/x',
  })
  t.equal(stdout(), '')
  const { level, msg } = JSON.parse(stderr()) as { level: unknown; msg: string }
  t.ok(level)
  t.match(msg, /^The settings do not fit:(?:\n {2}- .+){4}$/)
  for (const name of ['PORT', 'MIGRATE', 'WECHAT_SECRET', 'DATABASE_URL']) {
    t.match(msg, new RegExp(`^ {2}- ${name} `, 'm'))
  }
  t.notMatch(stderr(), 'hunter2')
})

t.test('MIGRATE=off on a schema that is behind', async (t) => {
  const DATABASE_URL = await postgresUrl(t, { empty: true })
  const { stdout } = await failing(t, { PORT: '0', DATABASE_URL, MIGRATE: 'off' })
  t.match(stdout(), /The database schema is behind \(0001_.*\) and MIGRATE is off\. Run/)
})
