import type { FastifyInstance } from 'fastify'
import type { Outcome } from '../tickets/verbs.ts'
import type { Happened } from '../oidc/happened.ts'
import type { PushOutcome } from './routes/official-account.ts'

/** Called with what happens, where it is counted. */
export type Observer = {
  app?: (app: FastifyInstance) => Promise<void>
  transition?: (outcome: Outcome, age?: number) => void
  pollBatch?: (size: number) => void
  readReplica?: (outcome: 'answered' | 'failed') => void
  refusal?: () => void
  push?: (push: PushOutcome) => void
  /** What other apps have people sign in for, and what came of it. */
  openId?: (happened: Happened) => void
}
