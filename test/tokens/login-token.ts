import {
  createLocalJWKSet,
  decodeProtectedHeader,
  importJWK,
  jwtVerify,
  SignJWT,
  UnsecuredJWT,
} from 'jose'
import t from 'tap'
import { ACR } from '../../src/tokens/acr.ts'
import { createFixedKeyring } from '../../src/tokens/keyring.ts'
import { createLoginTokens } from '../../src/tokens/login-token.ts'
import { generateSigningJwk } from '../../src/tokens/signing-key.ts'

const ISSUER = 'https://login.example'
const person = { appid: 'wx1', openid: 'o-1', unionid: 'u-1' }
const USER_ID = '11111111-1111-4111-8111-111111111111'

async function setUp(ttl = 7200) {
  const jwk = await generateSigningJwk()
  const keyring = await createFixedKeyring(JSON.stringify({ keys: [jwk] }))
  const tokens = createLoginTokens(keyring, {
    issuer: ISSUER,
    audience: 'web',
    audienceMiniprogram: 'miniprogram',
    ttl,
  })
  const jwks = await keyring.jwks()
  return { jwk, tokens, jwks, verifier: createLocalJWKSet(jwks) }
}

const nowInSeconds = () => Date.now() / 1000

t.test('the claims are exactly these', async (t) => {
  const { jwk, tokens, verifier } = await setUp(600)
  const now = nowInSeconds()
  const token = await tokens.sign({ for: 'web', userId: USER_ID, person, now })
  const { payload, protectedHeader } = await jwtVerify(token, verifier, {
    issuer: ISSUER,
    audience: 'web',
    algorithms: ['ES256'],
  })
  t.strictSame(protectedHeader, { alg: 'ES256', typ: 'JWT', kid: jwk.kid })
  const { jti, ...claims } = payload
  const iat = Math.floor(now)
  t.strictSame(claims, {
    iss: ISSUER,
    aud: 'web',
    sub: USER_ID,
    iat,
    exp: iat + 600,
    auth_time: iat,
    amr: ['wechat'],
    ...person,
  })
  t.match(jti, /^[A-Za-z0-9_-]{21}$/)
  t.equal(tokens.ttl, 600)
})

t.test('an unknown unionid is no claim', async (t) => {
  const { tokens, verifier } = await setUp()
  const token = await tokens.sign({
    for: 'web',
    userId: USER_ID,
    person: { ...person, unionid: null },
    now: nowInSeconds(),
  })
  t.notOk('unionid' in (await jwtVerify(token, verifier)).payload)
})

t.test("the time is the one that was passed in: the database's", async (t) => {
  const { tokens, verifier } = await setUp()
  const longAgo = 1_700_000_000.987
  const token = await tokens.sign({ for: 'web', userId: USER_ID, person, now: longAgo })
  await t.rejects(jwtVerify(token, verifier), { code: 'ERR_JWT_EXPIRED' })
  const { payload } = await jwtVerify(token, verifier, { currentDate: new Date(1_700_000_001_000) })
  t.match(payload, { iat: 1_700_000_000, auth_time: 1_700_000_000, exp: 1_700_007_200 })
})

t.test("website and mini program do not take the other's token", async (t) => {
  const { tokens, verifier } = await setUp()
  const now = nowInSeconds()
  const web = await tokens.sign({ for: 'web', userId: USER_ID, person, now })
  const phone = await tokens.sign({ for: 'miniprogram', userId: USER_ID, person, now })
  const wrongAudience = { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED', claim: 'aud' }
  await t.rejects(jwtVerify(web, verifier, { audience: 'miniprogram' }), wrongAudience)
  await t.rejects(jwtVerify(phone, verifier, { audience: 'web' }), wrongAudience)
  const ids = await Promise.all(
    [web, phone].map(async (token) => (await jwtVerify(token, verifier)).payload.jti),
  )
  t.not(ids[0], ids[1], 'each has an id of its own')
})

t.test("an app's token has its own audience, which is never one of ours, and an acr", async (t) => {
  const { tokens, verifier } = await setUp()
  const signFor = (audience: string) =>
    tokens.sign({
      for: { audience, acr: ACR.match },
      userId: USER_ID,
      person,
      now: nowInSeconds(),
    })
  const token = await signFor(`${ISSUER}/sign-in/hash`)
  const { payload } = await jwtVerify(token, verifier, { audience: `${ISSUER}/sign-in/hash` })
  t.equal(payload['acr'], 'urn:scenepass:acr:wechat-scan-match')
  await t.rejects(jwtVerify(token, verifier, { audience: 'web' }), {
    code: 'ERR_JWT_CLAIM_VALIDATION_FAILED',
  })
  for (const ours of ['web', 'miniprogram']) await t.rejects(signFor(ours), TypeError)
})

t.test('what a verifier with our JWKS refuses', async (t) => {
  const { jwk, jwks, tokens, verifier } = await setUp()
  const header = { typ: 'JWT', kid: jwk.kid }
  const claims = { iss: ISSUER, aud: 'web', sub: USER_ID, exp: nowInSeconds() + 60 }
  const verify = (token: string) => jwtVerify(token, verifier, { issuer: ISSUER, audience: 'web' })

  const unsigned = new UnsecuredJWT(claims).encode()
  t.equal(decodeProtectedHeader(unsigned).alg, 'none')
  await t.rejects(verify(unsigned), 'alg none')

  for (const secret of [JSON.stringify(jwks.keys[0]), jwks.keys[0]?.x ?? '']) {
    const symmetric = await new SignJWT(claims)
      .setProtectedHeader({ ...header, alg: 'HS256' })
      .sign(new TextEncoder().encode(secret))
    await t.rejects(verify(symmetric), { code: 'ERR_JOSE_NOT_SUPPORTED' }, 'HS256 with our key')
  }

  const strange = await importJWK(await generateSigningJwk(), 'ES256')
  const forged = await new SignJWT(claims)
    .setProtectedHeader({ ...header, alg: 'ES256' })
    .sign(strange)
  await t.rejects(verify(forged), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' })

  const good = await tokens.sign({ for: 'web', userId: USER_ID, person, now: nowInSeconds() })
  const [head, body, signature] = good.split('.') as [string, string, string]
  const other = JSON.parse(Buffer.from(body, 'base64url').toString()) as object
  const changed = Buffer.from(JSON.stringify({ ...other, sub: 'me' })).toString('base64url')
  await t.resolves(verify(good))
  await t.rejects(verify([head, changed, signature].join('.')), {
    code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
  })
})
