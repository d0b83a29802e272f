import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'
import { AppError } from '../errors.ts'
import { dropImage } from './code-images.ts'
import { findTicket } from './find.ts'
import { mayBegin, moveOn } from './guard.ts'
import { sameHash } from './secret.ts'
import { goneError, isDead } from './ticket.ts'

/**
 * pending or scanned → canceled: the browser gives up. Repeating it is fine.
 *
 * @returns whether this call canceled it; false: it had been
 * @throws {AppError} `TICKET_NOT_FOUND`, `BAD_SECRET`, `ALREADY_CONFIRMED`, 410
 */
export async function cancelTicket(
  db: Db,
  input: { scene: string; secretHash: string },
): Promise<boolean> {
  const { rows } = await sql`
    with canceled as (
      update tickets
      set ${moveOn('cancel')}
      where scene = ${input.scene}
        and secret_hash = decode(${input.secretHash}, 'hex')
        and ${mayBegin('cancel')}
      returning scene
    ),
    gone as (${dropImage(input.scene, 'canceled')})
    select scene from canceled
  `.execute(db)
  if (rows.length > 0) return true

  const ticket = await findTicket(db, input.scene)
  if (!sameHash(ticket.secretHash, input.secretHash)) throw new AppError('BAD_SECRET')
  if (ticket.status === 'canceled') return false
  throw isDead(ticket.status) ? goneError(ticket.status) : new AppError('ALREADY_CONFIRMED')
}
