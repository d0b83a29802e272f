import type { FastifyBaseLogger } from 'fastify'
import { SCENE_PATTERN } from '../tickets/ticket.ts'
import type { Caller, OnTransition, Outcome } from '../tickets/verbs.ts'

const SCENES = new RegExp(SCENE_PATTERN)

export const isDebug = (log: FastifyBaseLogger): boolean =>
  log.level === 'debug' || log.level === 'trace'

/** A ticket's name in the log: enough to follow it, and too little to ask for it. */
export const shortScene = (scene: string): string => scene.slice(0, 8)

/** What every line of a request about a ticket begins with. */
export const about = (caller: Caller, scene?: string) => ({
  reqId: caller.id,
  ...(scene === undefined ? {} : { scene: shortScene(scene) }),
})

/** The ticket that a request is about, where it names one. */
export function sceneOf(request: { params: unknown; body: unknown }): string | undefined {
  const { scene } = (request.params ?? {}) as { scene?: unknown }
  const named = scene ?? (request.body as { scene?: unknown } | null | undefined)?.scene
  // Anything else in its place is the caller's own text, and no text of theirs goes into the log.
  return typeof named === 'string' && SCENES.test(named) ? named : undefined
}

export type TicketEvents = {
  /**
   * Of each transition: one line, and one count on the instance that made it. A decision, made by a
   * person, is told at `info`; the rest of a ticket's story at `debug`, repeats as well.
   */
  transition: OnTransition
  /** One line of a ticket's story, at `debug`. */
  note(caller: Caller, scene: string, what: string, details?: object): void
}

const DECISIONS: readonly Outcome[] = ['confirmed', 'denied']

/** @param count called for every transition once, on the instance that made it */
export function createTicketEvents(
  log: FastifyBaseLogger,
  count: (outcome: Outcome, age?: number) => void = () => {},
): TicketEvents {
  const note: TicketEvents['note'] = (caller, scene, what, details) => {
    if (isDebug(log)) log.debug({ ...about(caller, scene), ...details }, what)
  }
  return {
    note,
    transition({ scene, outcome, first, age, details }, caller) {
      if (first) count(outcome, age)
      if (first && DECISIONS.includes(outcome)) {
        return log.info({ ...about(caller, scene), outcome, ...details }, `ticket ${outcome}`)
      }
      note(caller, scene, `ticket ${outcome}`, { ...(first ? {} : { again: true }), ...details })
    },
  }
}
