import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { Db } from '../db/pool.ts'
import { AppError } from '../errors.ts'
import type { Identity, Person } from '../identity.ts'
import type { Ticket } from '../tickets/find.ts'
import { findIdentity } from '../users/find.ts'

/**
 * The official account's door. A push of WeChat has proved who scanned; what proves it to the confirm
 * page is a link in that person's own chat. Its proof is computed, not stored: any instance makes the
 * same for one ticket and one person, and it is worth nothing once the ticket is over.
 */
export type ConfirmLinks = {
  /** 43 characters of base64url, which no browser can compute: the key comes from the AppSecret. */
  proofOf(scene: string, openid: string): string
  /**
   * Who sends this proof for a ticket: the person who has scanned it. Their unionid comes later.
   *
   * @throws {AppError} `LOGIN_CODE_INVALID`
   */
  prove(ticket: Ticket, proof: string): Person
  /**
   * The person with their unionid. At first sight WeChat has to tell it: to guess that there is none
   * would make a second user, who is merged later and whose id a site has seen by then.
   *
   * @throws {AppError} `WECHAT_…`
   */
  complete(db: Db, person: Person): Promise<Person>
}

/** @param options.secret the account's AppSecret */
export function createConfirmLinks(options: {
  secret: string
  unionidOf: (openid: string) => Promise<string | null>
}): ConfirmLinks {
  const key = Buffer.from(hkdfSync('sha256', options.secret, '', 'scenepass confirm link', 32))
  const digest = (scene: string, { openid }: Pick<Identity, 'openid'>): Buffer =>
    createHmac('sha256', key).update(`${scene}|${openid}`).digest()

  return {
    proofOf: (scene, openid) => digest(scene, { openid }).toString('base64url'),

    prove({ scene, owner }, proof) {
      const given = Buffer.from(proof, 'base64url')
      const right = owner && digest(scene, owner)
      if (!right || given.length !== right.length || !timingSafeEqual(given, right)) {
        throw new AppError('LOGIN_CODE_INVALID')
      }
      return { ...owner, unionid: null }
    },

    async complete(db, person) {
      const known = await findIdentity(db, person)
      if (known && known.unionid !== null) return { ...person, unionid: known.unionid }
      try {
        return { ...person, unionid: await options.unionidOf(person.openid) }
      } catch (error) {
        // A person who is known stays who they are; the next login asks again.
        if (known) return person
        throw error
      }
    },
  }
}
