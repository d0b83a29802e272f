import { SignJWT } from 'jose'
import { nanoid } from 'nanoid'
import type { Person } from '../identity.ts'
import type { Keyring } from './keyring.ts'

export type TokenRules = {
  issuer: string
  audience: string
  audienceMiniprogram: string
  /** Seconds a token lives. */
  ttl: number
}

export type LoginTokens = {
  /** Seconds a token lives. */
  ttl: number
  /** Signs for the website (`web`) or for the mini program itself: same person, another `aud`. */
  sign(input: {
    for: 'web' | 'miniprogram'
    userId: string
    person: Person
    /** The database's clock, in seconds since 1970. */
    now: number
  }): Promise<string>
}

/** The login token: an ES256 JWT (RFC 7519) with `auth_time` and `amr` as OpenID Connect has them. */
export function createLoginTokens(keyring: Keyring, rules: TokenRules): LoginTokens {
  return {
    ttl: rules.ttl,
    async sign({ for: use, userId, person, now }) {
      const { kid, privateKey } = await keyring.signer()
      const issuedAt = Math.floor(now)
      return new SignJWT({
        auth_time: issuedAt,
        amr: ['wechat'],
        appid: person.appid,
        openid: person.openid,
        ...(person.unionid === null ? {} : { unionid: person.unionid }),
      })
        .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid })
        .setIssuer(rules.issuer)
        .setAudience(use === 'web' ? rules.audience : rules.audienceMiniprogram)
        .setSubject(userId)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + rules.ttl)
        .setJti(nanoid())
        .sign(privateKey)
    },
  }
}
