import { sql, type RawBuilder } from 'kysely'
import type { Identity } from '../identity.ts'
import { TRANSITIONS, type Channel, type Windows } from './ticket.ts'

/**
 * The parts of a transition's `update tickets` that follow from the table: what it sets, and the
 * guard under which it may.
 */
type Name = keyof typeof TRANSITIONS

/** A ticket that the transition may begin from: in one of its states, within the window. */
export function mayBegin(name: Name): RawBuilder<unknown> {
  const from = sql.join(TRANSITIONS[name].from.map((status) => sql.lit(status)))
  return sql`status in (${from}) and expires_at > now()`
}

/** The new state and, where one begins, the end of its window. */
export function moveOn(name: Name, windows?: Windows): RawBuilder<unknown> {
  const { to, window } = TRANSITIONS[name]
  const state = sql`status = ${sql.lit(to)}`
  if (window === null) return state
  if (!windows) throw new TypeError(`${name} begins a window, so it needs the windows`)
  return sql`${state}, expires_at = now() + ${windows[window]}::int * interval '1 second'`
}

/** A ticket of this door, which is the mini program's where none is named. */
export const isOf = (channel: Channel = 'miniprogram'): RawBuilder<unknown> =>
  sql`channel = ${channel}`

/** The first identity to scan owns a ticket; before that it is open to every one. */
export const mayBeDecidedBy = ({ appid, openid }: Identity): RawBuilder<unknown> =>
  sql`(openid is null or (appid = ${appid} and openid = ${openid}))`
