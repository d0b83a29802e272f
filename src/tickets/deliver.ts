import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'
import { AppError } from '../errors.ts'
import { mayBegin, moveOn } from './guard.ts'
import { GRACE_SECONDS, statusOf, type Status, type StoredStatus } from './ticket.ts'

/** A login token on its way to the browser. */
export type Delivery = {
  token: string
  userId: string
  /** The database's clock, in seconds since 1970. */
  now: number
  /** Whether this call is the one that delivered it. */
  first: boolean
}

/** What a poll learns of a ticket that has been decided. */
export type Decided = {
  status: Status
  /** Seconds left of the current window, rounded up; 0 once nothing is left to wait for. */
  expiresIn: number
  /** Present on delivery, and on its repetition within the grace. */
  delivery?: Delivery
}

type Row = {
  status: StoredStatus
  live: boolean
  expires_in: number
  token: string | null
  user_id: string | null
  in_grace: boolean | null
  now: number
}

const COLUMNS = sql`
  status,
  expires_at > now() as live,
  greatest(0, ceil(extract(epoch from expires_at - now())))::int as expires_in,
  token,
  user_id,
  consumed_at > now() - ${sql.lit(GRACE_SECONDS)} * interval '1 second' as in_grace,
  extract(epoch from now())::float8 as now
`

/**
 * confirmed → consumed: of any number of polls with the right secret exactly one delivers the token,
 * the others get the same token for 30 s (an answer lost on the way loses no login), and after that
 * the token is no longer in the database. Of a ticket in any other state it tells the state alone.
 *
 * @param input.secretHash has been compared already; the claim's guard has it all the same
 * @throws {AppError} `TICKET_NOT_FOUND`
 */
export async function deliverToken(
  db: Db,
  input: { scene: string; secretHash: string },
): Promise<Decided> {
  const claimed = await claimToken(db, input)
  if (claimed) return claimed
  // To lose the race is fine: the winner's token is there to be repeated.
  const row = await find(db, input.scene)
  if (row.status === 'consumed' && !row.in_grace && row.token !== null)
    await forget(db, input.scene)
  return answer(row, false)
}

function answer(row: Row, first: boolean): Decided {
  const status = statusOf(row)
  if (row.status === 'consumed' && row.in_grace && row.token !== null && row.user_id !== null) {
    return {
      status: 'confirmed',
      expiresIn: row.expires_in,
      delivery: { token: row.token, userId: row.user_id, now: row.now, first },
    }
  }
  const waiting = status === 'pending' || status === 'scanned'
  return { status, expiresIn: waiting ? row.expires_in : 0 }
}

async function find(db: Db, scene: string): Promise<Row> {
  const { rows } = await sql<Row>`
    select ${COLUMNS}
    from tickets
    where scene = ${scene}
  `.execute(db)
  if (!rows[0]) throw new AppError('TICKET_NOT_FOUND')
  return rows[0]
}

/** The token, where it is there to be taken and this is the first to take it with the right secret. */
export async function claimToken(
  db: Db,
  input: { scene: string; secretHash: string },
): Promise<Decided | null> {
  const { rows } = await sql<Row>`
    update tickets
    set ${moveOn('deliver')}, consumed_at = now()
    where scene = ${input.scene}
      and secret_hash = decode(${input.secretHash}, 'hex')
      and ${mayBegin('deliver')}
    returning ${COLUMNS}
  `.execute(db)
  return rows[0] ? answer(rows[0], true) : null
}

/** The sweep would do it within seconds; a poll that comes first does not leave it to the sweep. */
async function forget(db: Db, scene: string): Promise<void> {
  await sql`
    update tickets
    set token = null
    where scene = ${scene}
      and status = 'consumed'
      and consumed_at <= now() - ${GRACE_SECONDS}::int * interval '1 second'
  `.execute(db)
}
