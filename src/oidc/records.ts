import { hash } from 'node:crypto'
import { sql } from 'kysely'
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider'
import type { Db } from '../db/pool.ts'
import type { Library } from './library.ts'
import type { Guard } from './outage.ts'
import { fromStore, keyOf, toStore, withDash } from './record-payload.ts'

/** Two tabs that refresh at once both get tokens; later a rotated token is a stolen one. */
const GRACE_SECONDS = 30
/** A device that comes late hears `expired_token`, and not that its code never was. */
const DEVICE_CODE_KEEP_SECONDS = 600
/** A device may poll at half of the interval that it is told. */
const POLL_EVERY_MS = 1_500
const POLL_BURST = 10
/** A browser whose answer with the code was lost asks again, and its person need not scan again. */
const RESUME_AGAIN_SECONDS = 60
const DAY_SECONDS = 86_400

/** Belong to a grant, and go with it. */
const OF_GRANTS = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode'])

export type RecordsOptions = {
  db: Db
  errors: Library['errors']
  guard: Guard
  /** Where an interaction goes on after its page. */
  resumeUrl: (uid: string) => string
  /** Whether it is a device's poll that looks for a code. */
  isPoll: () => boolean
  /**
   * A throttle over hashes in hexadecimal: counts one call, unless it refuses it.
   *
   * @returns 0, or how many milliseconds too early the call is
   */
  pace: (key: string, everyMs: number, burst: number) => number
}

type Row = { payload: AdapterPayload; left: number; consumed: boolean }

const row = sql`
  payload,
  floor(extract(epoch from expires_at - now()))::int as "left",
  coalesce(
    consumed_at <= now() - (
      case model when 'RefreshToken' then ${GRACE_SECONDS} else 0 end
    ) * interval '1 second',
    false
  ) as consumed
`

/**
 * What the protocol must remember, in the database: one-time things are one-time across instances, and
 * expire by the database's clock.
 *
 * @returns the library's adapter for each of its models, but for clients
 */
export function createRecords(options: RecordsOptions): AdapterFactory {
  const { db, errors, guard, resumeUrl, isPoll, pace } = options

  return (model): Adapter => {
    const keepSeconds = model === 'DeviceCode' ? DEVICE_CODE_KEEP_SECONDS : 0

    const restore = (found: Row, id: string | null): AdapterPayload => ({
      ...fromStore(model, id, found.payload, found.left, resumeUrl),
      ...(found.consumed && { consumed: true }),
    })

    const refuseFastPoll = (id: string): void => {
      if (model !== 'DeviceCode' || !isPoll()) return
      if (pace(hash('sha256', id, 'hex'), POLL_EVERY_MS, POLL_BURST) > 0)
        throw new errors.SlowDown()
    }

    return {
      upsert: (id, payload, expiresIn) =>
        guard(async () => {
          if (expiresIn === undefined) throw new TypeError(`${model} never expires`)
          const {
            grantId = null,
            uid = null,
            userCode,
          } = payload as AdapterPayload & {
            userCode?: string
          }
          // What hangs on a grant works as long as the grant is there: a refresh keeps it.
          await sql`
            with grants as (
              update oidc_records
              set expires_at = now() + ${expiresIn + DAY_SECONDS}::float8 * interval '1 second'
              where ${model} = 'RefreshToken' and model = 'Grant' and id = ${grantId}
                and expires_at < now() + ${expiresIn}::float8 * interval '1 second'
            )
            insert into oidc_records (model, id, payload, grant_id, uid, user_code, expires_at)
            values (
              ${model}, ${keyOf(model, id)},
              ${JSON.stringify(toStore(model, id, payload, resumeUrl))}::text::jsonb,
              ${OF_GRANTS.has(model) ? grantId : null}, ${uid},
              ${userCode === undefined ? null : withDash(userCode)},
              now() + ${expiresIn}::float8 * interval '1 second'
            )
            on conflict (model, id) do update set
              payload = excluded.payload, grant_id = excluded.grant_id, uid = excluded.uid,
              user_code = excluded.user_code, expires_at = excluded.expires_at
          `.execute(db)
        }),

      find: (id) =>
        guard(async () => {
          const { rows } = await sql<Row>`
            select ${row} from oidc_records
            where model = ${model} and id = ${keyOf(model, id)}
              and expires_at > now() - ${keepSeconds}::int * interval '1 second'
          `.execute(db)
          if (!rows[0]) return undefined
          refuseFastPoll(id)
          return restore(rows[0], id)
        }),

      findByUid: (uid) =>
        guard(async () => {
          const { rows } = await sql<Row>`
            select ${row} from oidc_records
            where model = ${model} and uid = ${uid} and expires_at > now()
          `.execute(db)
          return rows[0] && restore(rows[0], null)
        }),

      findByUserCode: (userCode) =>
        guard(async () => {
          const { rows } = await sql<Row>`
            select ${row} from oidc_records
            where model = ${model} and user_code = ${withDash(userCode)}
              and expires_at > now() - ${keepSeconds}::int * interval '1 second'
          `.execute(db)
          return rows[0] && restore(rows[0], null)
        }),

      consume: (id) =>
        guard(async () => {
          const { rows } = await sql`
            update oidc_records
            set consumed_at = coalesce(consumed_at, now())
            where model = ${model} and id = ${keyOf(model, id)} and expires_at > now()
              and (
                consumed_at is null
                or (
                  model = 'RefreshToken'
                  and consumed_at > now() - ${GRACE_SECONDS}::int * interval '1 second'
                )
              )
            returning id
          `.execute(db)
          if (rows.length === 0) throw new errors.InvalidGrant({ detail: 'already used' })
        }),

      destroy: (id) =>
        guard(async () => {
          if (model === 'Interaction') {
            await sql`
              update oidc_records
              set expires_at = now() + ${RESUME_AGAIN_SECONDS}::int * interval '1 second'
              where model = ${model} and id = ${keyOf(model, id)}
                and expires_at > now() + ${RESUME_AGAIN_SECONDS}::int * interval '1 second'
            `.execute(db)
            return
          }
          await sql`
            delete from oidc_records where model = ${model} and id = ${keyOf(model, id)}
          `.execute(db)
        }),

      revokeByGrantId: (grantId) =>
        guard(async () => {
          // Locked in order, so that two revocations never wait for each other.
          await sql`
            delete from oidc_records
            where (model, id) in (
              select model, id from oidc_records
              where model = ${model} and grant_id = ${grantId}
              order by id
              for update
            )
          `.execute(db)
        }),
    }
  }
}
