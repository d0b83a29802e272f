import { sql, type RawBuilder } from 'kysely'
import type { Db } from '../db/pool.ts'
import { inTransaction } from '../db/transaction.ts'
import { generateSigningJwk, type Alg } from './signing-key.ts'

/**
 * A new key is published for this long before it signs, in seconds: 10 minutes of verifiers' caches
 * (`max-age=600`), and 5 for every instance to have seen it.
 */
export const OVERLAP_SECONDS = 900

/**
 * Each kind has a table of its own: an instance of a version that knows no RSA keys takes every row of
 * `signing_keys` for a P-256 key.
 */
const TABLES: Record<Alg, RawBuilder<unknown>> = {
  ES256: sql.table('signing_keys'),
  RS256: sql.table('oidc_keys'),
}

export type StoredKey = {
  kid: string
  alg: Alg
  private_jwk: unknown
  /** Whether this is the key of its kind that signs now. */
  signs: boolean
  state: 'next' | 'signs' | 'retired'
  /** Whether a verifier may need it. */
  published: boolean
  created_at: string
  signs_from: string
}

/** The first key signs at once: no verifier can have cached a JWKS without it. */
export async function createFirstKey(db: Db, alg: Alg = 'ES256'): Promise<void> {
  if (await hasKeys(db, alg)) return
  await addKey(db, alg, { onlyFirst: true, waitSeconds: 0 })
}

/** Whether there is a key of that kind, in whichever state. */
export const hasKeys = async (db: Db, alg: Alg): Promise<boolean> =>
  (await sql`select 1 from ${TABLES[alg]} limit 1`.execute(db)).rows.length > 0

/**
 * A new key that is published now and signs after the overlap.
 *
 * @returns its kid and when it begins to sign
 */
export async function rotateKeys(
  db: Db,
  alg: Alg = 'ES256',
): Promise<{ kid: string; signs_from: string }> {
  const added = await addKey(db, alg, { onlyFirst: false, waitSeconds: OVERLAP_SECONDS })
  return added as { kid: string; signs_from: string }
}

async function addKey(
  db: Db,
  alg: Alg,
  options: { onlyFirst: boolean; waitSeconds: number },
): Promise<{ kid: string; signs_from: string } | undefined> {
  // Before the lock, which nothing that takes long may hold.
  const jwk = await generateSigningJwk(alg)
  return inTransaction(db, async (tx) => {
    await lock(tx, alg)
    const first = !(await hasKeys(tx, alg))
    if (options.onlyFirst && !first) return undefined
    const wait = first ? 0 : options.waitSeconds
    const { rows } = await sql<{ kid: string; signs_from: string }>`
      insert into ${TABLES[alg]} (kid, private_jwk, signs_from)
      values (
        ${jwk.kid}, ${JSON.stringify(jwk)}::text::jsonb, now() + ${wait}::int * interval '1 second'
      )
      returning kid, to_char(signs_from at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as signs_from
    `.execute(tx)
    return rows[0]
  })
}

const lock = (tx: Db, alg: Alg): Promise<unknown> =>
  sql`lock table ${TABLES[alg]} in share row exclusive mode`.execute(tx)

/**
 * The keys of one kind, newest first. A key is published until the last token it can have signed has
 * expired: `life` seconds after its successor began, and a little for instances' caches.
 *
 * @param life seconds that the longest of its tokens lives
 * @param kept the same for keys that are to be listed though they are published no more
 */
export async function listKeys(
  db: Db,
  life: number,
  alg: Alg = 'ES256',
  kept: number = life,
): Promise<StoredKey[]> {
  const { rows } = await sql<Omit<StoredKey, 'signs' | 'alg'>>`
    select
      kid,
      private_jwk,
      case
        when signs_from > now() then 'next'
        when replaced_at is null or replaced_at > now() then 'signs'
        else 'retired'
      end as state,
      replaced_at is null
        or replaced_at + (${life + OVERLAP_SECONDS}::int) * interval '1 second' > now() as published,
      to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as created_at,
      to_char(signs_from at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as signs_from
    from (
      select *, lead(signs_from) over (order by signs_from, kid) as replaced_at
      from ${TABLES[alg]}
    ) as keys
    where replaced_at is null
      or replaced_at + (${Math.max(life, kept) + OVERLAP_SECONDS}::int) * interval '1 second' > now()
    order by keys.signs_from desc, kid desc
  `.execute(db)
  return rows.map((row) => ({ ...row, alg, signs: row.state === 'signs' }))
}

/** Seconds that an id_token lives, which no setting changes. */
const ID_TOKEN_SECONDS = 3600
/** Apps of long sessions send id_tokens of so many seconds ago back when a person signs out there. */
const HINT_SECONDS = 90 * 86_400

/**
 * The keys of both kinds, P-256 first, each newest first.
 *
 * @param options.tokenTtl seconds a login token lives
 * @param options.rsa whether id_tokens are signed, by keys of either kind; without it, those of P-256
 *   alone are listed, and no longer than login tokens need them
 */
export async function listAllKeys(
  db: Db,
  { tokenTtl, rsa }: { tokenTtl: number; rsa: boolean },
): Promise<StoredKey[]> {
  if (!rsa) return listKeys(db, tokenTtl)
  const longest = Math.max(tokenTtl, ID_TOKEN_SECONDS)
  return [
    ...(await listKeys(db, longest, 'ES256', HINT_SECONDS)),
    ...(await listKeys(db, ID_TOKEN_SECONDS, 'RS256', HINT_SECONDS)),
  ]
}

/**
 * Takes a key out at once, for one that has leaked: tokens signed with it stop verifying. Where it
 * was the one that signs, the next one (or a new one) takes over without the overlap.
 *
 * @returns whether there was such a key of that kind
 */
export async function removeKey(db: Db, kid: string, alg: Alg = 'ES256'): Promise<boolean> {
  const table = TABLES[alg]
  const jwk = await generateSigningJwk(alg)
  return inTransaction(db, async (tx) => {
    await lock(tx, alg)
    const signer = await sql<{ kid: string }>`
      select kid from ${table} where signs_from <= now() order by signs_from desc, kid desc limit 1
    `.execute(tx)
    const gone = await sql`delete from ${table} where kid = ${kid} returning kid`.execute(tx)
    if (signer.rows[0]?.kid !== kid) return gone.rows.length > 0

    const { rows } = await sql`
      update ${table}
      set signs_from = now()
      where kid = (select kid from ${table} where signs_from > now() order by signs_from limit 1)
      returning kid
    `.execute(tx)
    if (rows.length === 0) {
      await sql`
        insert into ${table} (kid, private_jwk, signs_from)
        values (${jwk.kid}, ${JSON.stringify(jwk)}::text::jsonb, now())
      `.execute(tx)
    }
    return true
  })
}
