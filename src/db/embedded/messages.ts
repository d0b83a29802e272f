import type { Words } from '../../language.ts'

/**
 * What the service and the process of the embedded database say to each other. `data` is PostgreSQL's
 * own protocol, byte for byte; sessions are numbered upwards, and a new one ends the one before.
 */
export type ToDatabase =
  | { say: 'data'; session: number; bytes: Uint8Array }
  | { say: 'hang up'; session: number }
  | { say: 'ping' }
  | { say: 'stop' }

export type FromDatabase =
  | { say: 'data'; session: number; bytes: Uint8Array }
  | { say: 'ready' }
  /** It cannot start: one sentence for the operator. */
  | { say: 'refused'; why: Words; inUse: boolean }
  | { say: 'pong' }
  /** A vacuum of this table begins, and ends with null: meanwhile there is no answer. */
  | { say: 'vacuum'; table: string | null }
  /** Upkeep has failed; it will be tried again. */
  | { say: 'trouble'; why: string }
