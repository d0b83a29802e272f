import type { FastifyRequest } from 'fastify'
import { about, type Story } from '../telemetry/ticket-events.ts'
import { countMiss, type OnMiss } from './guess-limit.ts'

/** What WeChat makes for a ticket and the ticket keeps: its code, its link. */
export type Kept<T> = {
  /** Null where it is still to be made. */
  read(scene: string): Promise<T | null>
  /** @param line what a log line of the call to WeChat says beside */
  make(scene: string, line: object): Promise<T>
  store(scene: string, made: T): Promise<void>
  /** A line of the ticket's story. */
  madeLine: string
  onMiss: OnMiss
  note: Story['note']
}

/**
 * How a request gets what is kept with its ticket: made in advance, or when it is first asked for. One
 * call to WeChat then, however many browsers of this replica wait for the same.
 */
export function createKept<T>(of: Kept<T>): (request: FastifyRequest, scene: string) => Promise<T> {
  const making = new Map<string, Promise<T>>()

  function makeOnce(request: FastifyRequest, scene: string): Promise<T> {
    let made = making.get(scene)
    if (!made) {
      made = make(request, scene).finally(() => making.delete(scene))
      making.set(scene, made)
    }
    return made
  }

  async function make(request: FastifyRequest, scene: string): Promise<T> {
    // Another request's may have been stored since this one looked.
    const stored = await of.read(scene)
    if (stored !== null) return stored
    const made = await of.make(scene, about(request, scene))
    await of.store(scene, made)
    of.note(request, scene, of.madeLine)
    return made
  }

  return async (request, scene) => {
    const stored = await of
      .read(scene)
      .catch((error: unknown) => countMiss(error, request, of.onMiss))
    return stored ?? makeOnce(request, scene)
  }
}
