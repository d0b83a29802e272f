import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type CryptoKey,
  type JWK,
} from 'jose'
import { provesItself } from './self-test.ts'

/** ES256 signs login tokens and the id_tokens of some apps, RS256 the id_tokens of the others. */
export type Alg = 'ES256' | 'RS256'

export type SigningKey = {
  kid: string
  alg: Alg
  privateKey: CryptoKey
  publicJwk: JWK
  /** Of its known members alone, for a library that takes no other form. */
  privateJwk: JWK
}

/** What the key of each kind is made of: RFC 7518, 6.2 and 6.3. */
const MEMBERS = {
  ES256: { open: ['kty', 'crv', 'x', 'y'], secret: ['d'] },
  RS256: { open: ['kty', 'n', 'e'], secret: ['d', 'p', 'q', 'dp', 'dq', 'qi'] },
} as const

/** What RS256 asks for at least: RFC 7518, 3.3. */
const RSA_BITS = 2048

/** A new key as a private JWK; `kid` is its RFC 7638 thumbprint. RSA takes a few hundred ms. */
export async function generateSigningJwk(alg: Alg = 'ES256'): Promise<JWK & { kid: string }> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: RSA_BITS })
  const jwk = await exportJWK(privateKey)
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg, use: 'sig' }
}

/**
 * A private JWK, checked and made ready to sign.
 *
 * @throws {TypeError} when it is neither a private P-256 key nor a private RSA key of 2048 bits or more
 */
export async function loadSigningKey(jwk: unknown): Promise<SigningKey> {
  const given = textMembersOf(jwk)
  const alg = given['kty'] === 'RSA' ? 'RS256' : 'ES256'
  const { open, secret } = MEMBERS[alg]
  if (!isWhole(jwk, given, alg)) throw new TypeError(WANTED[alg])

  const publicPart = pick(given, open)
  const kid = given['kid'] ?? (await calculateJwkThumbprint(publicPart))
  const named = { kid, alg, use: 'sig' }
  const publicJwk = { ...publicPart, ...named }
  const privatePart = { ...publicPart, ...pick(given, secret) }
  const privateKey = (await importJWK(privatePart, alg)) as CryptoKey
  // Of an EC key the import itself compares both halves.
  if (alg === 'RS256' && !(await provesItself(privateKey, publicJwk))) {
    throw new TypeError('an RSA key whose private half belongs to another public one')
  }
  return { kid, alg, privateKey, publicJwk, privateJwk: { ...privatePart, ...named } }
}

const WANTED: Record<Alg, string> = {
  ES256:
    'not a private P-256 key: it needs kty "EC", crv "P-256", x, y and d (or, of an RSA key, kty "RSA")',
  RS256: `not a private RSA key for RS256: it needs ${RSA_BITS} bits or more, and n, e, d, p, q, dp, dq and qi`,
}

function isWhole(jwk: unknown, given: Record<string, string>, alg: Alg): boolean {
  const { open, secret } = MEMBERS[alg]
  if (![...open, ...secret].every((name) => name in given)) return false
  const { kid, ...others } = jwk as Record<string, unknown>
  if (kid !== undefined && typeof kid !== 'string') return false
  if (alg === 'ES256') return given['kty'] === 'EC' && given['crv'] === 'P-256'
  const { use = 'sig', oth } = others
  const bytes = Buffer.from(given['n'] ?? '', 'base64url')
  return (
    use === 'sig' &&
    oth === undefined &&
    (others['alg'] ?? alg) === alg &&
    bitsOf(bytes) >= RSA_BITS
  )
}

/** Of a positive number, the most significant byte first. */
function bitsOf(bytes: Buffer): number {
  const first = bytes.findIndex((byte) => byte !== 0)
  return first < 0 ? 0 : (bytes.length - first) * 8 - Math.clz32(bytes[first] ?? 0) + 24
}

const textMembersOf = (jwk: unknown): Record<string, string> =>
  typeof jwk === 'object' && jwk !== null
    ? Object.fromEntries(Object.entries(jwk).filter(([, value]) => typeof value === 'string'))
    : {}

const pick = (from: Record<string, string>, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, from[name]])) as { kty: string }
