import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Fault } from './faults.ts'

/**
 * Acts a planned fault out on one answer: waits, then drops the connection or answers with a
 * status. Resolves to true when that was the answer. A closing app does not wait for the delay.
 */
export function createMisbehaviour(app: FastifyInstance) {
  const closing = new AbortController()
  // One for every delayed answer, however many there are.
  setMaxListeners(0, closing.signal)
  app.addHook('preClose', async () => closing.abort())

  return async (fault: Fault, reply: FastifyReply): Promise<boolean> => {
    const inTime = await sleep(fault.delay_ms ?? 0, true, { signal: closing.signal }).catch(
      () => false,
    )
    if (fault.hang_up === true || !inTime) {
      reply.hijack()
      reply.raw.destroy()
      return true
    }
    if (fault.http_status === undefined) return false
    reply
      .code(fault.http_status)
      .type('text/html')
      .send(`<html><body><h1>${fault.http_status}</h1></body></html>`)
    return true
  }
}
