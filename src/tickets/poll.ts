import { sql } from 'kysely'
import type { Db, StoredStatus } from '../db/pool.ts'
import { AppError } from '../errors.ts'
import { createGlances, type Glances } from './status-loader.ts'
import { sameHash } from './secret.ts'
import { GRACE_SECONDS, statusOf, type Status } from './ticket.ts'

export type Poll = {
  status: Status
  /** Seconds left of the current window, rounded up; 0 once nothing is left to wait for. */
  expiresIn: number
  /** Present on delivery (`first`), and on its repetition within the grace. */
  delivery?: { token: string; userId: string; now: number; first: boolean }
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

const columns = sql`
  status,
  expires_at > now() as live,
  greatest(0, ceil(extract(epoch from expires_at - now())))::int as expires_in,
  token,
  user_id,
  consumed_at > now() - ${sql.lit(GRACE_SECONDS)} * interval '1 second' as in_grace,
  extract(epoch from now())::float8 as now
`

/**
 * What a poll sees. A pure read by primary key until there is a token to deliver, shared with other
 * polls of the moment as long as nothing has been decided; the poll that first sees `confirmed`
 * claims it with one guarded statement, so that of any number of polls one delivers and the others
 * repeat its token for the length of the grace.
 *
 * @param glances shared with other polls; by default this one looks alone
 * @throws {AppError} `TICKET_NOT_FOUND`, `BAD_SECRET`
 */
export async function pollTicket(
  db: Db,
  input: { scene: string; secretHash: string },
  glances: Glances = createGlances(db),
): Promise<Poll> {
  const glance = await glances(input.scene)
  if (!glance) throw new AppError('TICKET_NOT_FOUND')
  if (!sameHash(glance.secretHash, input.secretHash)) throw new AppError('BAD_SECRET')
  if (glance.waiting) {
    return glance.expiresIn > 0
      ? { status: glance.waiting, expiresIn: glance.expiresIn }
      : { status: 'expired', expiresIn: 0 }
  }

  const row = await read(db, input.scene)
  if (!row) throw new AppError('TICKET_NOT_FOUND')

  if (statusOf(row) === 'confirmed') {
    const claimed = await claim(db, input)
    const after = claimed ?? (await read(db, input.scene))
    if (!after) throw new AppError('TICKET_NOT_FOUND')
    return answer(after, claimed !== undefined)
  }
  if (row.status === 'consumed' && !row.in_grace && row.token !== null) {
    await forget(db, input.scene)
  }
  return answer(row, false)
}

function answer(row: Row, first: boolean): Poll {
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

async function read(db: Db, scene: string): Promise<Row | undefined> {
  const { rows } = await sql<Row>`
    select ${columns}
    from tickets
    where scene = ${scene}
  `.execute(db)
  return rows[0]
}

/** confirmed → consumed. Losing the race is fine: the winner's token is there to be repeated. */
async function claim(
  db: Db,
  input: { scene: string; secretHash: string },
): Promise<Row | undefined> {
  const { rows } = await sql<Row>`
    update tickets
    set status = 'consumed', consumed_at = now()
    where scene = ${input.scene}
      and status = 'confirmed'
      and expires_at > now()
      and secret_hash = decode(${input.secretHash}, 'hex')
    returning ${columns}
  `.execute(db)
  return rows[0]
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
