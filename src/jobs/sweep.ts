import { sweepAuditTrail } from '../audit/sweep.ts'
import type { AuditRules } from '../audit/record.ts'
import type { Db } from '../db/pool.ts'
import { sweepRateLimits } from '../limits/sweep.ts'
import { sweepRecords } from '../oidc/sweep.ts'
import { sweepCodeImages } from '../tickets/code-images.ts'
import { sweepTickets } from '../tickets/sweep.ts'
import type { TicketRules } from '../tickets/ticket.ts'
import { repeat } from './repeat.ts'

const SWEEP_MS = 5_000

const ALWAYS = ['tickets', 'code_images', 'rate_limits', 'logins'] as const

type Swept = (typeof ALWAYS)[number] | 'oidc_records'

/** The tables that are swept. @param oidc whether OpenID Connect is on */
export const sweptTables = (oidc: boolean): readonly Swept[] =>
  oidc ? [...ALWAYS, 'oidc_records'] : ALWAYS

/**
 * What time takes away, all of it, every five seconds. Each sweep goes its own way: one that fails,
 * or has a flood to clear away, holds up no other. A failed one is logged, and tries again.
 *
 * @param options.onExpired called with how many tickets have gone that ended unfinished
 * @param options.onSwept called with each table from which all that was due has gone
 * @param options.everyMs for tests
 * @returns stops all of them
 */
export function startSweeps(options: {
  db: Db
  /** `oidc` is null where OpenID Connect is off. */
  rules: { tickets: TicketRules; audit: AuditRules; oidc?: object | null }
  log: { warn(details: object, message: string): void }
  onExpired?: ((count: number) => void) | undefined
  onSwept?: ((table: Swept) => void) | undefined
  everyMs?: number
}): () => Promise<void> {
  const { db, rules, log, onExpired, onSwept, everyMs = SWEEP_MS } = options
  const sweeps: Record<Swept, (signal: AbortSignal) => Promise<unknown>> = {
    tickets: async (signal) => {
      const { expired } = await sweepTickets(db, rules.tickets.windows, signal)
      onExpired?.(expired)
    },
    code_images: (signal) => sweepCodeImages(db, signal),
    rate_limits: (signal) => sweepRateLimits(db, signal),
    logins: (signal) => sweepAuditTrail(db, rules.audit.days, signal),
    oidc_records: (signal) => sweepRecords(db, signal),
  }
  const stops = sweptTables(Boolean(rules.oidc)).map((table) =>
    repeat({
      everyMs,
      task: async (signal) => {
        await sweeps[table](signal)
        onSwept?.(table)
      },
      onError: (error) => log.warn({ err: error, table }, 'the sweep failed; it will try again'),
    }),
  )
  return async () => {
    await Promise.all(stops.map((stop) => stop()))
  }
}
