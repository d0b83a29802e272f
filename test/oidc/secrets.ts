import { sql } from 'kysely'
import t from 'tap'
import type { Db } from '../../src/db/pool.ts'
import { codeOf, startStage } from '../fixtures/oidc/stage.ts'

/** Everything that the database holds, as one text. */
async function dumpOf(db: Db): Promise<string> {
  const { rows } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables where table_schema = 'public'
  `.execute(db)
  const texts = await Promise.all(
    rows.map(async ({ name }) => {
      const found = await sql<{ all: string | null }>`
        select string_agg(row::text, ' ') as all from ${sql.table(name)} as row
      `.execute(db)
      return found.rows[0]?.all ?? ''
    }),
  )
  return texts.join('\n')
}

t.test('neither the database nor the log at trace holds what can be presented', async (t) => {
  const stage = await startStage(t, {
    app: { refresh: true, device: true },
    logLevel: 'trace',
    oidc: { ssoMinutes: 60 },
  })
  const { db, app, browser, authorizeUrl, redeem, post, scan, issuer } = stage
  const secrets = new Map<string, string>([['client secret', app.secret as string]])
  const kept = async (step: string) => {
    const dump = await dumpOf(db)
    t.ok(dump.length > 100)
    for (const [name, value] of secrets) t.notOk(dump.includes(value), `${name}: ${step}`)
  }

  const person = browser()
  const uid = await person.begin(authorizeUrl())
  secrets.set('uid', uid)
  await kept('begun')
  const token = await scan(uid, 'alice')
  secrets.set('token', token)
  const { body } = await person.finish(uid, token)
  await kept('finished')
  const code = codeOf(await person.resume(body.redirect_to))
  secrets.set('code', code)
  for (const { name, value } of person.jar.all()) secrets.set(name, value)
  await kept('resumed')
  const { body: tokens } = await redeem(code)
  for (const name of ['access_token', 'refresh_token', 'id_token']) secrets.set(name, tokens[name])
  await kept('redeemed')
  await person.open(authorizeUrl({ prompt: 'login', id_token_hint: tokens.id_token }))
  await kept('hinted')

  const client = { client_id: app.id, client_secret: app.secret as string }
  const { body: device } = await post('/oidc/device_authorization', { ...client, scope: 'openid' })
  secrets.set('device_code', device.device_code)
  await kept('device')
  await post('/oidc/token', {
    ...client,
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: device.device_code,
  })
  await post('/oidc/token', {
    ...client,
    grant_type: 'refresh_token',
    refresh_token: tokens.refresh_token,
  })
  await post('/oidc/introspect', { ...client, token: tokens.access_token })
  await post('/oidc/revoke', { ...client, token: 'unknown-token' })
  await person.open(`${issuer}/oidc/userinfo?access_token=${tokens.access_token}`)
  await person.open(`${issuer}/oidc/logout?id_token_hint=${tokens.id_token}x`)
  await person.open(`${issuer}/oidc/authorize?client_id=${app.secret}&request=${tokens.id_token}`)
  await redeem(code)
  await redeem('no-such-code-0123456789')
  secrets.set('user_code', device.user_code)
  secrets.set('unknown code', 'no-such-code-0123456789')

  const log = stage.logged()
  t.match(log, /"path":"\/sign-in\/:uid"/)
  t.match(log, /"path":"\/oidc\/authorize\/:uid"/)
  t.match(log, /authorization_pending/)
  for (const [name, value] of secrets) t.notOk(log.includes(value), name)
})
