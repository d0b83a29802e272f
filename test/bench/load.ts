import { once } from 'node:events'
import { connect } from 'node:net'
import { createHistogram } from 'node:perf_hooks'

/**
 * The load, in a process of its own: HTTP/1.1 over keep-alive connections with one request under
 * way on each, as browsers' polls come through a proxy. Hand-made, because a general client takes
 * more of a core for a request than the routes measured here do, and would measure itself.
 */
export type Plan = {
  port: number
  /** Tickets 1 to `tickets` are polled in turn; each connection has a part of its own. */
  tickets: number
  connections: number
  seconds: number
  /** Requests a second over all connections; as fast as they are answered when left out. */
  rate?: number
}

export type Result = {
  total: number
  perSecond: number
  /** Milliseconds; at a given rate counted from when the request was due. */
  p50: number
  p99: number
  max: number
  /** Answers by status, other than 200. */
  refused: Record<string, number>
  /** Bytes of one request and of its answer, headers included. */
  bytes: { request: number; answer: number }
}

export const sceneOf = (i: number): string => `bench-ticket-${String(i).padStart(12, '0')}`
export const secretOf = (i: number): string => `bench-secret-${String(i).padStart(30, '0')}`

const requestOf = (i: number): Buffer =>
  Buffer.from(
    `GET /ticket/${sceneOf(i)} HTTP/1.1\r\nHost: login.example\r\nAuthorization: Bearer ${secretOf(i)}\r\n\r\n`,
  )

async function run(plan: Plan): Promise<Result> {
  const latency = createHistogram()
  const refused: Record<string, number> = {}
  const bytes = { request: requestOf(1).length, answer: 0 }
  let total = 0
  const share = Math.floor(plan.tickets / plan.connections)
  const everyMs = plan.rate === undefined ? 0 : (1000 * plan.connections) / plan.rate

  // All is ready before the clock starts: what is late from then on is the server's doing.
  const lines = await Promise.all(
    Array.from({ length: plan.connections }, async (_, nth) => {
      const requests = Array.from({ length: share }, (_, i) => requestOf(nth * share + i + 1))
      const reader = { read: (_length: number, _buffer: Uint8Array): boolean => true }
      const socket = connect({
        port: plan.port,
        host: '127.0.0.1',
        noDelay: true,
        onread: {
          buffer: Buffer.alloc(16_384),
          callback: (length, buffer) => reader.read(length, buffer),
        },
      })
      await once(socket, 'connect')
      return { socket, reader, requests }
    }),
  )
  const began = performance.now()
  const end = began + plan.seconds * 1000

  const drive = ({ socket, reader, requests }: (typeof lines)[number], nth: number) =>
    new Promise<void>((resolve, reject) => {
      let next = 0
      let due = began + (everyMs * nth) / plan.connections
      let pending: Buffer | null = null

      const send = () => {
        if (performance.now() >= end) return void socket.end()
        if (everyMs === 0) due = performance.now()
        const wait = due - performance.now()
        if (wait > 0.5) return void setTimeout(send, wait)
        socket.write(requests[next++ % share] as Buffer)
      }
      reader.read = (length, buffer) => {
        const fresh = Buffer.from(buffer.buffer, buffer.byteOffset, length)
        const text = pending ? Buffer.concat([pending, fresh]) : fresh
        const size = sizeOf(text)
        if (size === 0) {
          pending = Buffer.from(text)
          return true
        }
        pending = null
        total++
        bytes.answer = size
        latency.record(Math.max(1, Math.round((performance.now() - due) * 1e6)))
        const status = text.toString('latin1', 9, 12)
        if (status !== '200') refused[status] = (refused[status] ?? 0) + 1
        due += everyMs
        send()
        return true
      }
      socket.on('error', reject).on('close', () => resolve())
      send()
    })

  await Promise.all(lines.map(drive))
  const perSecond = total / ((performance.now() - began) / 1000)
  return {
    total,
    perSecond,
    p50: latency.percentile(50) / 1e6,
    p99: latency.percentile(99) / 1e6,
    max: latency.max / 1e6,
    refused,
    bytes,
  }
}

/** Bytes of the answer that a text begins with; 0 as long as it is not all there. */
function sizeOf(text: Buffer): number {
  const head = text.indexOf('\r\n\r\n')
  if (head < 0) return 0
  const at = text.indexOf('ontent-length: ') + 15
  const size = head + 4 + Number.parseInt(text.toString('latin1', at, at + 6), 10)
  return text.length >= size ? size : 0
}

process.on('disconnect', () => process.exit())
process.on('message', async (plan: Plan) => process.send?.(await run(plan)))
