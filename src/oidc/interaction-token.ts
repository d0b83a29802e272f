import { createLocalJWKSet, jwtVerify, type JWK } from 'jose'

export type SignedIn = {
  userId: string
  /** Seconds since 1970, by the database's clock. */
  authTime: number
  amr: string[]
  acr: string | null
}

/**
 * Reads the login token of a ticket that was made for one interaction.
 *
 * @param options.now the database's clock, in seconds since 1970
 * @returns null for any other token: another interaction's, the site's own, one that has expired
 */
export async function readInteractionToken(
  token: string,
  options: { jwks: { keys: JWK[] }; issuer: string; audience: string; now: number },
): Promise<SignedIn | null> {
  const { jwks, issuer, audience, now } = options
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(jwks), {
      algorithms: ['ES256'],
      issuer,
      audience,
      requiredClaims: ['sub', 'exp', 'auth_time'],
      currentDate: new Date(now * 1000),
    })
    // A token for several at once would be good elsewhere, too; ours never is.
    if (typeof payload.aud !== 'string') return null
    const { amr, acr } = payload
    return {
      userId: payload.sub as string,
      authTime: Number(payload['auth_time']),
      amr: Array.isArray(amr) ? (amr as string[]) : ['wechat'],
      acr: typeof acr === 'string' ? acr : null,
    }
  } catch {
    return null
  }
}
