import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'
import { AppError } from '../errors.ts'
import { newMatchCode } from './match-code.ts'
import { hashSecret, newScene, newSecret } from './secret.ts'
import type { Requester, Windows } from './ticket.ts'

export type CreatedTicket = {
  scene: string
  secret: string
  matchCode: string
  expiresIn: number
  /** Whether its code came out of the stock. */
  fromStock: boolean
}

/**
 * A new pending ticket. The secret is in the return value and nowhere else. Where codes lie in
 * stock it takes one, scene and image together, in the statement that makes the ticket: no two
 * tickets can get the same, and a ticket that comes to nothing takes none.
 *
 * @param input.scene a scene of the browser's own making; its code is made on demand
 * @param input.stock what codes in stock must be made for; by default none is taken
 * @throws {AppError} `SCENE_TAKEN`
 */
export async function createTicket(
  db: Db,
  input: {
    scene?: string | undefined
    windows: Windows
    requester: Requester
    stock?: string | null
  },
): Promise<CreatedTicket> {
  const secret = newSecret()
  const matchCode = newMatchCode()
  const { ticket: ttl } = input.windows
  const { ip, network, country, browser, os } = input.requester
  const stock = input.scene === undefined ? (input.stock ?? null) : null

  const fresh = input.scene ?? newScene()
  // Without a stock the scene is a plain value: a cluster that distributes tickets by it wants one.
  const from =
    stock === null
      ? { taken: sql``, scene: sql`${fresh}`, image: sql`null` }
      : {
          taken: sql`
            with taken as (
              delete from code_stock
              where scene = (
                select scene
                from code_stock
                where made_for = ${stock}
                limit 1
                for update skip locked
              )
              returning scene, image
            )
          `,
          scene: sql`coalesce((select scene from taken), ${fresh})`,
          image: sql`(select image from taken)`,
        }

  const inserted = await sql<{ scene: string }>`
    ${from.taken}
    insert into tickets (
      scene, secret_hash, match_code, expires_at,
      requested_ip, requested_network, requested_country, requested_browser, requested_os,
      code_image
    )
    values (
      ${from.scene},
      decode(${hashSecret(secret)}, 'hex'),
      ${matchCode},
      now() + ${ttl}::int * interval '1 second',
      ${ip}, ${network}, ${country}, ${browser}, ${os},
      ${from.image}
    )
    on conflict (scene) do nothing
    returning scene
  `.execute(db)

  const scene = inserted.rows[0]?.scene
  if (scene !== undefined) {
    return { scene, secret, matchCode, expiresIn: ttl, fromStock: scene !== fresh }
  }
  if (input.scene !== undefined) throw new AppError('SCENE_TAKEN')
  // A browser chose the scene of the code in stock. That code is gone with this; the next one is not.
  return createTicket(db, input)
}
