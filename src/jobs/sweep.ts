import { sweepAuditTrail } from '../audit/sweep.ts'
import type { AuditRules } from '../audit/record.ts'
import type { Db } from '../db/pool.ts'
import { sweepRateLimits } from '../limits/sweep.ts'
import { sweepTickets } from '../tickets/sweep.ts'
import type { TicketRules } from '../tickets/ticket.ts'
import { repeat } from './repeat.ts'

const SWEEP_MS = 5_000

/**
 * What time takes away, all of it, every five seconds. One sweep after the other; a failed round is
 * logged, and the next one tries again.
 *
 * @param options.onExpired called with how many tickets have gone that ended unfinished
 * @returns stops it
 */
export function startSweeps(options: {
  db: Db
  rules: { tickets: TicketRules; audit: AuditRules }
  log: { warn(details: object, message: string): void }
  onExpired?: ((count: number) => void) | undefined
}): () => Promise<void> {
  const { db, rules, log, onExpired } = options
  return repeat({
    everyMs: SWEEP_MS,
    task: async (signal) => {
      const { expired } = await sweepTickets(db, rules.tickets.windows, signal)
      onExpired?.(expired)
      await sweepRateLimits(db)
      await sweepAuditTrail(db, rules.audit.days, signal)
    },
    onError: (error) => log.warn({ err: error }, 'the sweep failed; it will try again'),
  })
}
