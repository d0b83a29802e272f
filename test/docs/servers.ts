import { createHmac, createPublicKey } from 'node:crypto'
import { createServer } from 'node:http'
import { SignJWT, exportSPKI, generateKeyPair, importJWK, type JWK } from 'jose'
import t, { type Test } from 'tap'
import { generateSigningJwk } from '../../src/tokens/signing-key.ts'
import { SITE, startServer, startSite } from '../fixtures/guide-run.ts'
import { guideServers, startGuideServer } from '../fixtures/guide-servers.ts'
import { clientOf } from '../fixtures/network/client.ts'
import { freePort } from '../fixtures/postgres/postgres.ts'
import { BASE, blockWith, guide, run, serverOf } from '../fixtures/readme.ts'

/** The servers of docs/server.md, out of the page: they take a real token, and refuse every broken one. */

const [en, zh] = [guide('server', 'en'), guide('server', 'zh-CN')]
const KID = 'of-the-service'
const USER = '0193d3a5-0000-7000-8000-000000000000'
const now = (): number => Math.floor(Date.now() / 1_000)
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A service whose signing key is known here, behind an issuer that counts who asks for the keys. */
async function startIssuer() {
  const jwk = { ...(await generateSigningJwk()), kid: KID }
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const url = await startServer(t, {
    SIGNING_KEYS: JSON.stringify({ keys: [jwk] }),
    TOKEN_ISSUER: issuer,
  })
  const counted = { fetches: 0 }
  const front = createServer(async (request, response) => {
    if (request.url === '/.well-known/jwks.json') counted.fetches += 1
    const answer = await fetch(`${url}${request.url}`)
    response.setHeader('content-type', 'application/json')
    response.setHeader('cache-control', answer.headers.get('cache-control') ?? '')
    response.end(await answer.text())
  })
  await new Promise<void>((resolve) => front.listen(port, '127.0.0.1', resolve))
  t.teardown(() => void (front.closeAllConnections(), front.close()))
  return { url, issuer, counted, jwk }
}

/** Tokens that a server has to refuse, by what is wrong with them. */
async function brokenTokens(issuer: string, jwk: JWK, real: string) {
  const own = await importJWK(jwk, 'ES256')
  const foreign = (await generateKeyPair('ES256')).privateKey
  const claims = () => ({ iss: issuer, aud: 'web', sub: USER, iat: now(), exp: now() + 7_200 })
  const sign = (change: object, key = own, header = {}) =>
    new SignJWT({ ...claims(), ...change })
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: KID, ...header })
      .sign(key as CryptoKey)
  const pem = await exportSPKI(createPublicKey({ key: jwk as never, format: 'jwk' }) as never)
  const unsigned = `${part({ alg: 'HS256', typ: 'JWT', kid: KID })}.${part(claims())}`
  const hmac = (secret: string) => createHmac('sha256', secret).update(unsigned).digest('base64url')
  const [header, payload, signature] = real.split('.') as [string, string, string]
  const other = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), sub: USER }

  const good = [await sign({}), await sign({ iat: now() - 305 }), await sign({ iat: now() + 10 })]
  const broken: Record<string, string> = {
    'another issuer': await sign({ iss: 'https://evil.example' }),
    'another audience': await sign({ aud: 'miniprogram' }),
    'several other audiences': await sign({ aud: ['miniprogram', 'website'] }),
    expired: await sign({ exp: now() - 60 }),
    'too old': await sign({ iat: now() - 360 }),
    'of the future': await sign({ iat: now() + 600 }),
    'no user': await sign({ sub: 'admin' }),
    'an empty user': await sign({ sub: '' }),
    unsigned: `${part({ alg: 'none', kid: KID })}.${part(claims())}.`,
    'unsigned, with a signature': `${part({ alg: 'none', kid: KID })}.${part(claims())}.${signature}`,
    'HS256 by the public key': `${unsigned}.${hmac(pem)}`,
    'HS256 by the public JWK': `${unsigned}.${hmac(jwk.x as string)}`,
    'a foreign key': await sign({}, foreign),
    'an unknown kid': await sign({}, foreign, { kid: 'of-a-stranger' }),
    'another unknown kid': await sign({}, foreign, { kid: 'of-another' }),
    'a third unknown kid': await sign({}, foreign, { kid: '../../etc/passwd' }),
    'no kid': await sign({}, foreign, { kid: undefined }),
    'a changed payload': `${header}.${part(other)}.${signature}`,
    'a changed signature': `${header}.${payload}.${'A'.repeat(signature.length)}`,
    'no signature': `${header}.${payload}.`,
    'no token': 'undefined',
    empty: '',
  }
  for (const name of ['iss', 'aud', 'exp', 'iat', 'sub']) {
    broken[`no ${name}`] = await sign({ [name]: undefined })
  }
  return { good, broken }
}

t.test('both languages have the same code', async (t) => {
  for (const { name, mark, comments } of guideServers) {
    const code = (text: string) => blockWith(text, mark).replace(comments, '')
    t.equal(code(zh), code(en), name)
  }
  const controller = '@RestController'
  t.equal(blockWith(zh, controller), blockWith(en, controller))
})

t.test('the servers of the guide', async (t) => {
  const { url, issuer, counted, jwk } = await startIssuer()
  const { create, login, poll } = clientOf(url)
  const ticket = await create()
  const confirmed = await login(ticket, 'alice')
  const { token } = (await poll(ticket)).body

  const check = async (t: Test, begin: (authorization: string) => Promise<Response>) => {
    counted.fetches = 0
    // Made now: on a busy machine the servers take a minute, and these are nearly too old.
    const { good, broken } = await brokenTokens(issuer, jwk, token)
    broken['the mini program’s own'] = confirmed.body.token
    const begun = await begin(`Bearer ${token}`)
    t.equal(begun.status, 204)
    const cookie = begun.headers.get('set-cookie') ?? ''
    t.ok(cookie.startsWith(`session=of-${confirmed.body.user.id};`), cookie)
    for (const attribute of ['httponly', 'path=/', 'samesite=lax', 'secure']) {
      t.ok(cookie.toLowerCase().split('; ').includes(attribute), attribute)
    }
    for (const one of good) t.equal((await begin(`Bearer ${one}`)).status, 204)
    for (const [name, one] of Object.entries(broken)) {
      const refused = await begin(`Bearer ${one}`)
      t.equal(refused.status, 401, name)
      t.equal(refused.headers.get('set-cookie'), null, name)
    }
    t.equal((await begin(`Bearer ${token}`)).status, 204, 'and it goes on')
  }
  const post = (at: string) => (authorization: string) =>
    fetch(`${at}/session`, { method: 'POST', headers: { authorization } })

  const world = () => ({
    userOf: serverOf(en, issuer),
    newSession: async (user: string) => `of-${user}`,
    console: { warn: () => undefined },
  })
  t.test('Node.js', async (t) => {
    await check(t, post(await startSite(t, blockWith(en, "request.url === '/session'"), world())))
    t.equal(counted.fetches, 1)
  })
  t.test('Next.js', async (t) => {
    const handler = blockWith(en, 'export async function POST').replace('export ', '')
    const POST = run(`${handler}\nreturn POST`, world())
    await check(t, (authorization) =>
      POST(new Request(`${SITE}/session`, { method: 'POST', headers: { authorization } })),
    )
  })

  for (const server of guideServers) {
    t.test(server.name, { skip: server.missing() }, async (t) => {
      const script = blockWith(en, server.mark).replace(BASE, issuer)
      await check(t, post(await startGuideServer(t, server, script)))
      if (server.fetches !== null) t.ok(counted.fetches <= server.fetches, `${counted.fetches}`)
    })
  }
})
