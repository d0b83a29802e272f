import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'
import { inTransaction } from '../db/transaction.ts'
import { generateSigningJwk } from './signing-key.ts'

/**
 * A new key is published for this long before it signs, in seconds: 10 minutes of verifiers' caches
 * (`max-age=600`), and 5 for every instance to have seen it.
 */
export const OVERLAP_SECONDS = 900

export type StoredKey = {
  kid: string
  private_jwk: unknown
  /** Whether this is the key that signs now. */
  signs: boolean
  state: 'next' | 'signs' | 'retired'
  created_at: string
  signs_from: string
}

/** The first key signs at once: no verifier can have cached a JWKS without it. */
export async function createFirstKey(db: Db): Promise<void> {
  await addKey(db, { onlyFirst: true, waitSeconds: 0 })
}

/**
 * A new key that is published now and signs after the overlap.
 *
 * @returns its kid and when it begins to sign
 */
export async function rotateKeys(db: Db): Promise<{ kid: string; signs_from: string }> {
  const added = await addKey(db, { onlyFirst: false, waitSeconds: OVERLAP_SECONDS })
  return added as { kid: string; signs_from: string }
}

async function addKey(
  db: Db,
  options: { onlyFirst: boolean; waitSeconds: number },
): Promise<{ kid: string; signs_from: string } | undefined> {
  const exists = async (on: Db) =>
    (await sql`select 1 from signing_keys limit 1`.execute(on)).rows.length > 0
  if (options.onlyFirst && (await exists(db))) return undefined
  const jwk = await generateSigningJwk()
  return inTransaction(db, async (tx) => {
    await sql`lock table signing_keys in share row exclusive mode`.execute(tx)
    const first = !(await exists(tx))
    if (options.onlyFirst && !first) return undefined
    const wait = first ? 0 : options.waitSeconds
    const { rows } = await sql<{ kid: string; signs_from: string }>`
      insert into signing_keys (kid, private_jwk, signs_from)
      values (
        ${jwk.kid}, ${JSON.stringify(jwk)}::text::jsonb, now() + ${wait}::int * interval '1 second'
      )
      returning kid, to_char(signs_from at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as signs_from
    `.execute(tx)
    return rows[0]
  })
}

/**
 * The keys a verifier may need, newest first. A key stays until the last token it can have signed
 * has expired: `tokenTtl` seconds after its successor began, and a little for instances' caches.
 */
export async function listKeys(db: Db, tokenTtl: number): Promise<StoredKey[]> {
  const { rows } = await sql<Omit<StoredKey, 'signs'>>`
    select
      kid,
      private_jwk,
      case
        when signs_from > now() then 'next'
        when replaced_at is null or replaced_at > now() then 'signs'
        else 'retired'
      end as state,
      to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as created_at,
      to_char(signs_from at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as signs_from
    from (
      select *, lead(signs_from) over (order by signs_from, kid) as replaced_at
      from signing_keys
    ) as keys
    where replaced_at is null
      or replaced_at + (${tokenTtl + OVERLAP_SECONDS}::int) * interval '1 second' > now()
    order by keys.signs_from desc, kid desc
  `.execute(db)
  return rows.map((row) => ({ ...row, signs: row.state === 'signs' }))
}

/**
 * Takes a key out at once, for one that has leaked: tokens signed with it stop verifying. Where it
 * was the one that signs, the next one (or a new one) takes over without the overlap.
 *
 * @returns whether there was such a key
 */
export async function removeKey(db: Db, kid: string): Promise<boolean> {
  const jwk = await generateSigningJwk()
  return inTransaction(db, async (tx) => {
    await sql`lock table signing_keys in share row exclusive mode`.execute(tx)
    const signer = await sql<{ kid: string }>`
      select kid from signing_keys where signs_from <= now() order by signs_from desc, kid desc limit 1
    `.execute(tx)
    const gone = await sql`delete from signing_keys where kid = ${kid} returning kid`.execute(tx)
    if (signer.rows[0]?.kid !== kid) return gone.rows.length > 0

    const { rows } = await sql`
      update signing_keys
      set signs_from = now()
      where kid = (select kid from signing_keys where signs_from > now() order by signs_from limit 1)
      returning kid
    `.execute(tx)
    if (rows.length === 0) {
      await sql`
        insert into signing_keys (kid, private_jwk, signs_from)
        values (${jwk.kid}, ${JSON.stringify(jwk)}::text::jsonb, now())
      `.execute(tx)
    }
    return true
  })
}
