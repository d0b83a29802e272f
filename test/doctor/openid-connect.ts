import t, { type Test } from 'tap'
import { createAsk } from '../../src/doctor/ask.ts'
import type { Finding } from '../../src/doctor/finding.ts'
import { checkClients, checkDiscovery } from '../../src/doctor/openid-connect.ts'
import type { Client } from '../../src/oidc/clients.ts'
import { fakeUpstream } from '../fixtures/network/fake-upstream.ts'
import { startExamined } from '../fixtures/network/examined.ts'
import { registerApp } from '../fixtures/oidc/app-row.ts'
import { postgresDb } from '../fixtures/postgres/database.ts'

/** What the doctor says of OpenID Connect, each of it once. */

const sameIn = (t: Test, { says, fix }: Finding, named: string[]) => {
  for (const words of [says, fix ?? { en: '', zh: '' }]) {
    t.equal(words.en === '', words.zh === '')
    for (const name of named) t.equal(words.en.includes(name), words.zh.includes(name), name)
  }
}

t.test('whether apps find the provider', async (t) => {
  const upstream = await fakeUpstream(t)
  const { url } = upstream
  const keys = { keys: [{ kty: 'EC' }, { kty: 'RSA' }] }
  const discovery = { issuer: url, token_endpoint: `${url}/oidc/token`, jwks_uri: `${url}/jwks` }
  const check = async (document: [number, object | string], jwks: object = keys) => {
    for (const [path, status, body] of [
      ['/.well-known/openid-configuration', ...document],
      ['/.well-known/jwks.json', 200, jwks],
    ] as const) {
      upstream.answer(path, (reply) => {
        reply.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body))
      })
    }
    return checkDiscovery({ url, ask: createAsk({ timeoutMs: 2_000 }) })
  }
  const cases: [Parameters<typeof check>, string, RegExp][] = [
    [[[200, discovery]], 'ok', /find the provider by its issuer/],
    [[[404, { code: 'NOT_FOUND' }]], 'failed', /runs without OpenID Connect/],
    [[[404, '<h1>no</h1>']], 'failed', /no discovery document at .* \(HTTP 404\)/],
    [[[200, { ...discovery, issuer: `${url}/` }]], 'failed', /calls itself/],
    [
      [[200, { ...discovery, token_endpoint: 'http://inside:3000/oidc/token' }]],
      'failed',
      /its token_endpoint is http:\/\/inside:3000\/oidc\/token/,
    ],
    [[[200, discovery], { keys: [{ kty: 'EC' }] }], 'failed', /There is no RSA key/],
    [[[200, discovery], { keys: [null] }], 'failed', /There is no EC and no RSA key/],
  ]
  for (const [asked, status, en] of cases) {
    const finding = await check(...asked)
    t.match(finding, { status, says: { en } })
    sameIn(t, finding, ['OIDC=on', 'PUBLIC_URL', url, 'SIGNING_KEYS', '/.well-known/'])
  }
  const ask = () => Promise.reject(Object.assign(new Error('no'), { code: 'ECONNREFUSED' }))
  t.equal((await checkDiscovery({ url, ask })).status, 'failed')
})

t.test('whether each app can do what it was added for', async (t) => {
  const options = { reserved: ['web', 'miniprogram'], production: true, emailDomain: null }
  const look = async (app: Partial<Client> | null, more: Partial<typeof options> = {}) => {
    const { db } = await postgresDb(t, 1)
    if (app) await registerApp(db, { name: 'Wiki', id: 'wiki', ...app })
    const finding = await checkClients(db, { ...options, ...more })
    sameIn(t, finding, ['scenepass clients', 'wiki', 'OIDC_EMAIL_DOMAIN', 'Wiki'])
    return finding
  }
  t.match(await look(null), { status: 'ok', says: { en: /There is no app yet/ } })
  t.match(await look({}), { status: 'ok', says: { en: /sign in to: 1\.$/ } })
  t.match(await look({ id: 'sandbox' }), { status: 'failed' })
  t.match(await look({}, { reserved: ['wiki'] }), {
    status: 'failed',
    says: { en: /^The app wiki signs nobody in/ },
  })
  const plain = { redirectUris: ['http://wiki.example.com/callback'] }
  t.match(await look(plain), {
    status: 'failed',
    says: { en: /http:\/\/wiki\.example\.com\/callback must be https/ },
  })
  t.match(await look(plain, { production: false }), { status: 'ok' })
  t.match(await look({ postLogoutRedirectUris: plain.redirectUris }), { status: 'failed' })
  t.match(await look({ placeholderEmail: true }), {
    status: 'warning',
    says: { en: /was added with --email, but gets no address/ },
  })
  const emailDomain = 'users.example.com' as never
  t.match(await look({ placeholderEmail: true }, { emailDomain }), { status: 'ok' })
})

t.test('the doctor looks at them where OIDC=on, and nowhere else', async (t) => {
  const { look, db, url } = await startExamined(t, { oidc: {} })
  const off = await look()
  t.notOk(off.results.some(({ name }) => name === 'oidc'))
  await registerApp(db)
  const { of, works } = await look({ OIDC: 'on' })
  t.match(of('oidc'), { status: 'ok', says: { en: url } })
  t.match(of('oidc-clients'), { status: 'ok' })
  t.match(of('published-keys'), { status: 'ok' })
  t.equal(works, true)
  const ahead = await look({ OIDC: 'on' }, { now: () => Date.now() + 70_000 })
  t.match(ahead.of('database-clock').says.en, /id_tokens of other apps by this machine/)
})
