import { SignJWT } from 'jose'
import { nanoid } from 'nanoid'
import type { Person } from '../identity.ts'
import type { Acr } from './acr.ts'
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
  /**
   * Signs for the website (`web`), for the mini program itself, or for a relying party's own audience:
   * same person, another `aud`. `acr` is in the last alone.
   *
   * @throws {TypeError} for a relying party with an audience of ours: its tokens would sign in here
   */
  sign(input: {
    for: 'web' | 'miniprogram' | { audience: string; acr: Acr }
    userId: string
    person: Person
    /** The database's clock, in seconds since 1970. */
    now: number
  }): Promise<string>
}

/** The login token: an ES256 JWT (RFC 7519) with `auth_time` and `amr` as OpenID Connect has them. */
export function createLoginTokens(keyring: Keyring, rules: TokenRules): LoginTokens {
  const own = { web: rules.audience, miniprogram: rules.audienceMiniprogram }

  return {
    ttl: rules.ttl,
    async sign({ for: use, userId, person, now }) {
      const party = typeof use === 'string' ? { audience: own[use] } : use
      if (party === use && Object.values(own).includes(party.audience)) {
        throw new TypeError(`${party.audience} is an audience of ours, not of a relying party`)
      }
      const { kid, privateKey } = await keyring.signer()
      const issuedAt = Math.floor(now)
      return new SignJWT({
        auth_time: issuedAt,
        amr: ['wechat'],
        ...('acr' in party ? { acr: party.acr } : {}),
        appid: person.appid,
        openid: person.openid,
        ...(person.unionid === null ? {} : { unionid: person.unionid }),
      })
        .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid })
        .setIssuer(rules.issuer)
        .setAudience(party.audience)
        .setSubject(userId)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + rules.ttl)
        .setJti(nanoid())
        .sign(privateKey)
    },
  }
}
