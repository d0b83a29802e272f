import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { sql } from 'kysely'
import t from 'tap'
import { loadLibrary } from '../../src/oidc/library.ts'
import { createOpenIdProvider } from '../../src/oidc/provider.ts'
import { codeOf, startStage } from '../fixtures/oidc/stage.ts'

const newKey = async (alg: 'RS256' | 'ES256', kid: string): Promise<JWK> => ({
  ...(await exportJWK((await generateKeyPair(alg, { extractable: true })).privateKey)),
  kid,
  alg,
  use: 'sig',
})

t.test('a new key signs once it is first, without a restart', async (t) => {
  const { db } = await startStage(t)
  const [one, two, ec] = await Promise.all([
    newKey('RS256', 'one'),
    newKey('RS256', 'two'),
    newKey('ES256', 'ec'),
  ])
  let keys = [one, two, ec]
  const { answer } = createOpenIdProvider(await loadLibrary(), {
    db,
    publicUrl: 'https://login.example',
    rules: { ssoMinutes: 0, emailDomain: null },
    acrs: [],
    keys: async () => keys,
    findClient: async () => null,
    pace: () => 0,
  })
  const kids = async () => {
    const asked = { method: 'GET', url: '/.well-known/jwks.json', headers: {}, body: null }
    const { body } = await answer({ ...asked, ip: '127.0.0.1', requester: {} })
    return (JSON.parse(String(body)) as { keys: JWK[] }).keys.map(({ kid }) => kid)
  }
  t.same(await kids(), ['one', 'two', 'ec'])
  keys = [two, one, ec]
  t.same(await kids(), ['two', 'one', 'ec'])
})

t.test('a database that is away is 503, and the code works afterwards', async (t) => {
  const { browser, authorizeUrl, redeem, db } = await startStage(t)
  const code = codeOf(await browser().signIn(authorizeUrl()))
  await sql`alter table oidc_records rename to away`.execute(db)
  await sql`
    create function refuse() returns setof away language plpgsql as $$
      begin raise exception 'not now' using errcode = '57P03'; end
    $$
  `.execute(db)
  await sql`create view oidc_records as select * from refuse()`.execute(db)
  const answer = await redeem(code)
  t.match(answer, { status: 503, body: { error: 'temporarily_unavailable' } })
  t.ok(answer.headers.get('retry-after'))
  await sql`drop view oidc_records`.execute(db)
  await sql`alter table away rename to oidc_records`.execute(db)
  t.equal((await redeem(code)).status, 200)
})

t.test('guesses of an address are limited', async (t) => {
  const { redeem } = await startStage(t)
  const answers = await Promise.all(Array.from({ length: 140 }, (_, i) => redeem(`guess-${i}`)))
  const heard = new Set(answers.map(({ status }) => status))
  t.same([...heard].sort(), [400, 429])
})

t.test('a service without OpenID Connect does not load the library', async (t) => {
  const script = `
    import { register } from 'node:module'
    const hook = "export async function load(url, context, next) {" +
      "if (/oidc-provider|koa/.test(url)) console.log(url); return next(url, context) }"
    register('data:text/javascript,' + encodeURIComponent(hook))
    await import(${JSON.stringify(new URL('../../src/service.js', import.meta.url).href)})
    console.log('loaded')
    if (process.argv[1] === 'with') await import('oidc-provider')
  `
  const loaded = async (...args: string[]) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let out = ''
    child.stdout.on('data', (chunk: Buffer) => (out += String(chunk)))
    await once(child, 'close')
    return out
  }
  t.equal(await loaded(), 'loaded\n')
  t.match(await loaded('with'), /oidc-provider/)
})
