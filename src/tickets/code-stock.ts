import { sql, type RawBuilder } from 'kysely'
import type { Db } from '../db/pool.ts'
import { keepImage } from './code-images.ts'
import { issueScene } from './scene.ts'

export type CodeStock = {
  /** How many codes are to lie ready. */
  size: number
  /** What the codes are made for, at most 64 characters: others are never handed out. */
  madeFor: string
  /** What the stocks of this service are made for, of each door; by default this one alone. */
  ours?: readonly string[]
  /** Who makes codes for this stock takes turns; by default the mini program's. */
  lease?: string
}

/**
 * Between two codes, whichever instances make them, in milliseconds. WeChat makes 5,000 codes a
 * minute: of these the stock takes 3,000 at the most, the rest is for browsers that wait for one.
 */
export const CODE_PAUSE_MS = 20

const LEASE = 'code_stock'
/** A service account's code lives 30 days at WeChat, so none is handed out that is older than this. */
const OLDEST_DAYS = 29
/** Making a code takes a few seconds at worst; an instance that died doing it is replaced after this. */
const LEASE_SECONDS = 60
/** Old and new instances run side by side for a while, each with codes of its own. */
const KEEP_FOREIGN_SECONDS = 86_400
const DROP_BATCH = 100

/**
 * Where a code was put in stock: this very table, on this run of the database server. Codes from
 * elsewhere may have been handed out there, so they are of no use: in a copy of the files of a
 * stopped server (what a crash or a failover leaves is empty, because the table is unlogged), and in a
 * restored dump.
 */
const HERE = sql`
  'code_stock'::regclass::oid || '/' || extract(epoch from pg_postmaster_start_time())
`

const ready = (madeFor: string): RawBuilder<unknown> =>
  sql`
    made_for = ${madeFor} and made_on = ${HERE}
    and created_at > now() - ${sql.lit(OLDEST_DAYS)} * interval '1 day'
  `

/**
 * Makes one code for the stock, unless it is full or another instance is at it. Nothing is locked
 * while the code is made: the lease is a row with an end, named after the scene that is being made,
 * so that an instance which comes back too late ends no other's.
 *
 * @param makeImage makes the code of a scene
 * @param signal ends the waiting for `makeImage`; what it makes then is dropped
 * @returns whether a code was made
 * @throws what `makeImage` throws; another instance may try at once then
 */
export async function stockCode(
  db: Db,
  stock: CodeStock,
  makeImage: (scene: string) => Promise<Uint8Array>,
  signal: AbortSignal,
): Promise<boolean> {
  const scene = issueScene()
  if (signal.aborted || !(await takeLease(db, stock, scene))) return false
  let made = false
  try {
    const image = await unlessAborted(makeImage(scene), signal)
    if (image) {
      await putCode(db, stock, scene, image)
      made = true
    }
  } finally {
    if (!made) await endLease(db, stock, scene)
  }
  if (made) await dropForeignCodes(db, stock)
  return made
}

/** Takes one code out of the stock: a statement that returns its scene, for use in another. */
export const takeCode = (madeFor: string): RawBuilder<unknown> => sql`
  delete from code_stock
  where scene = (
    select scene
    from code_stock
    where ${ready(madeFor)}
    limit 1
    for update skip locked
  )
  returning scene
`

/** How many codes lie ready. */
export async function countCodeStock(db: Db, madeFor: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from code_stock where ${ready(madeFor)}
  `.execute(db)
  return rows[0]?.count ?? 0
}

/** A full stock is left alone by the same statement, which writes nothing then. */
async function takeLease(
  db: Db,
  { size, madeFor, lease = LEASE }: CodeStock,
  scene: string,
): Promise<boolean> {
  const { rows } = await sql`
    insert into leases (name, owner, expires_at)
    select ${lease}, ${scene}, now() + ${LEASE_SECONDS}::int * interval '1 second'
    where (select count(*) from code_stock where ${ready(madeFor)}) < ${size}::int
    on conflict (name) do update
    set owner = excluded.owner, expires_at = excluded.expires_at
    where leases.expires_at <= now()
    returning name
  `.execute(db)
  return rows.length > 0
}

async function endLease(db: Db, { lease = LEASE }: CodeStock, scene: string): Promise<void> {
  await sql`
    update leases set expires_at = now() where name = ${lease} and owner = ${scene}
  `.execute(db)
}

/** The lease outlives its code by the pause: that is what keeps all instances together in bounds. */
async function putCode(
  db: Db,
  { madeFor, lease = LEASE }: CodeStock,
  scene: string,
  image: Uint8Array,
): Promise<void> {
  await sql`
    with ended as (
      update leases
      set expires_at = now() + ${CODE_PAUSE_MS}::int * interval '1 millisecond'
      where name = ${lease} and owner = ${scene}
    ),
    kept as (${keepImage(scene, image)})
    insert into code_stock (scene, made_for, made_on) values (${scene}, ${madeFor}, ${HERE})
  `.execute(db)
}

/**
 * Codes that are too old, those of other settings, which may have no user any more, and those from
 * elsewhere, which have none.
 */
async function dropForeignCodes(db: Db, { madeFor, ours = [madeFor] }: CodeStock): Promise<void> {
  await sql`
    delete from code_stock
    where scene = any(array(
      select scene
      from code_stock
      where made_on <> ${HERE}
        or created_at <= now() - ${sql.lit(OLDEST_DAYS)} * interval '1 day'
        or (
          made_for <> all(${[...ours]}::text[])
          and created_at <= now() - ${KEEP_FOREIGN_SECONDS}::int * interval '1 second'
        )
      limit ${DROP_BATCH}
      for update skip locked
    ))
  `.execute(db)
}

/** What a work comes to, or null as soon as the signal is given; how it ends does not matter then. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const stop = () => resolve(null)
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
