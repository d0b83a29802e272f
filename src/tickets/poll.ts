import type { Db } from '../db/pool.ts'
import { AppError } from '../errors.ts'
import { claimToken, deliverToken, type Decided, type Delivery } from './deliver.ts'
import { sameHash } from './secret.ts'
import { createStatusLoader, type StatusLoader } from './status-loader.ts'

/**
 * What a poll sees. A pure read by primary key, shared with other polls of the moment, as long as
 * nothing has been decided; after that, what the delivery answers.
 *
 * @param loader shared with other polls; by default this one reads alone
 * @param onDelivery called with the token that this poll brings
 * @param isConfirmed whether there is likely a token: it is asked for at once then
 * @throws {AppError} `TICKET_NOT_FOUND`, `BAD_SECRET`
 */
export async function pollTicket(
  db: Db,
  input: { scene: string; secretHash: string },
  loader: StatusLoader = createStatusLoader(db),
  onDelivery?: (delivery: Delivery) => void,
  isConfirmed = false,
): Promise<Decided> {
  const tell = (decided: Decided): Decided => {
    if (decided.delivery) onDelivery?.(decided.delivery)
    return decided
  }
  const claimed = isConfirmed ? await claimToken(db, input) : null
  if (claimed) return tell(claimed)
  const loaded = await loader.load(input.scene)
  if (!loaded) throw new AppError('TICKET_NOT_FOUND')
  if (!sameHash(loaded.secretHash, input.secretHash)) throw new AppError('BAD_SECRET')
  const { waiting, expiresIn } = loaded
  if (!waiting) return tell(await deliverToken(db, input))
  return expiresIn > 0 ? { status: waiting, expiresIn } : { status: 'expired', expiresIn: 0 }
}
