import Fastify from 'fastify'
import pg from 'pg'
import pino from 'pino'
import { readConfig } from '../../src/config.ts'
import { startService } from '../../src/service.ts'

/**
 * One process under load, of a kind that its parent names: the service, a bare Fastify route that
 * returns the same bytes, or that route with one SELECT per poll. Tells its CPU time and memory on
 * request.
 */
export type Usage = { cpuMs: number; rssMb: number }

const [kind = ''] = process.argv.slice(2)
const url = process.env['DATABASE_URL'] ?? ''

if (kind === 'service') {
  const log = pino({ level: process.env['LOG_LEVEL'] ?? 'warn' })
  const service = await startService({ config: readConfig(process.env), log })
  process.send?.({ ready: service.url })
} else {
  const app = Fastify()
  const pool = new pg.Pool({ connectionString: url, max: 10 })
  const text = `select status, ceil(extract(epoch from expires_at - now()))::int as expires_in
    from tickets where scene = $1`

  app.get<{ Params: { scene: string } }>('/ticket/:scene', async (request) => {
    const { scene } = request.params
    if (kind === 'bare') return { scene, status: 'pending', expires_in: 3600, interval: 2 }
    const { rows } = await pool.query({ name: 'poll', text, values: [scene] })
    return { scene, ...rows[0], interval: 2 }
  })
  process.send?.({ ready: await app.listen({ port: 0, host: '127.0.0.1' }) })
}

process.on('disconnect', () => process.exit())
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpuMs: (user + system) / 1000, rssMb: process.memoryUsage().rss / 1e6 })
})
