import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import { SCENE_PATTERN } from '../tickets/ticket.ts'

const scenes = new RegExp(SCENE_PATTERN)

/** What can become of a ticket by somebody's call. */
export type Transition = 'created' | 'scanned' | 'confirmed' | 'delivered' | 'denied' | 'canceled'

/**
 * Tells that a request has moved a ticket, or (`first: false`) found it moved there by an earlier one.
 */
export type Tell = (
  request: FastifyRequest,
  scene: string,
  what: Transition,
  first: boolean,
  details?: object,
) => void

export const isDebug = (log: FastifyBaseLogger): boolean =>
  log.level === 'debug' || log.level === 'trace'

/** A ticket's name in the log: enough to follow it, and too little to ask for it. */
export const shortScene = (scene: string): string => scene.slice(0, 8)

/** What every line of a request about a ticket begins with. */
export const about = (request: FastifyRequest, scene?: string) => ({
  reqId: request.id,
  ...(scene === undefined ? {} : { scene: shortScene(scene) }),
})

/** The ticket that a request is about, where it names one. */
export function sceneOf(request: FastifyRequest): string | undefined {
  const { scene } = (request.params ?? {}) as { scene?: unknown }
  const named = scene ?? (request.body as { scene?: unknown } | null | undefined)?.scene
  // Whatever else somebody sends in its place is nobody's business, the log's least of all.
  return typeof named === 'string' && scenes.test(named) ? named : undefined
}

export type Story = {
  tell: Tell
  /** One line of a ticket's story, at `debug`. */
  note(request: FastifyRequest, scene: string, what: string, details?: object): void
}

/** @param count hears of every transition once, on the replica that made it */
export function createStory(
  log: FastifyBaseLogger,
  count: (what: Transition) => void = () => {},
): Story {
  const note: Story['note'] = (request, scene, what, details) => {
    if (isDebug(log)) log.debug({ ...about(request, scene), ...details }, what)
  }
  return {
    note,
    tell(request, scene, what, first, details) {
      if (first) count(what)
      note(request, scene, `ticket ${what}`, { ...(first ? {} : { again: true }), ...details })
    },
  }
}
