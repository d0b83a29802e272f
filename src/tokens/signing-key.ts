import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type CryptoKey,
  type JWK,
} from 'jose'

export type SigningKey = { kid: string; privateKey: CryptoKey; publicJwk: JWK }

/** A new ES256 key as a private JWK; `kid` is its RFC 7638 thumbprint. */
export async function generateSigningJwk(): Promise<JWK & { kid: string }> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(privateKey)
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'ES256', use: 'sig' }
}

/**
 * A private JWK, checked and made ready to sign.
 *
 * @throws {TypeError} when it is not a private P-256 key
 */
export async function loadSigningKey(jwk: unknown): Promise<SigningKey> {
  if (!isPrivateP256(jwk)) {
    throw new TypeError('not a private P-256 key: it needs kty "EC", crv "P-256", x, y and d')
  }
  const { kty, crv, x, y } = jwk
  const publicPart = { kty, crv, x, y }
  const kid = jwk.kid ?? (await calculateJwkThumbprint(publicPart))
  return {
    kid,
    privateKey: (await importJWK({ ...publicPart, d: jwk.d }, 'ES256')) as CryptoKey,
    publicJwk: { ...publicPart, kid, alg: 'ES256', use: 'sig' },
  }
}

type PrivateP256 = { kty: 'EC'; crv: 'P-256'; x: string; y: string; d: string; kid?: string }

function isPrivateP256(jwk: unknown): jwk is PrivateP256 {
  if (typeof jwk !== 'object' || jwk === null) return false
  const { kty, crv, x, y, d, kid } = jwk as Record<string, unknown>
  return (
    kty === 'EC' &&
    crv === 'P-256' &&
    [x, y, d].every((part) => typeof part === 'string') &&
    (kid === undefined || typeof kid === 'string')
  )
}
