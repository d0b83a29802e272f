import Fastify from 'fastify'
import { sql } from 'kysely'
import pino from 'pino'
import { readConfig } from '../../src/config/config.ts'
import { connect } from '../../src/db/connect.ts'
import { bearerHash } from '../../src/http/bearer.ts'
import { startService } from '../../src/service.ts'
import { sameHash } from '../../src/tickets/secret.ts'
import { freePort } from '../fixtures/postgres/postgres.ts'

/**
 * One process under load, of the kind that its parent names:
 * - `service`: an instance as it is
 * - `metered`: the same with metrics
 * - `bare`: a Fastify route that returns the same bytes, headers included, and does nothing else
 * - `select`: that route with the secret checked against one SELECT of its own for every poll
 */
export type Kind = 'service' | 'metered' | 'bare' | 'select'
/** CPU microseconds since the start, and bytes; `live` is what a full collection leaves. */
export type Usage = { cpuUs: number; rss: number; live: number }

const [kind] = process.argv.slice(2) as [Kind]

const url = kind === 'service' || kind === 'metered' ? await service() : await route()
process.on('disconnect', () => process.exit())
process.on('message', (ask: 'usage' | 'collect') => {
  const { user, system } = process.cpuUsage()
  const { rss } = process.memoryUsage()
  if (ask === 'collect') globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  process.send?.({ cpuUs: user + system, rss, live: heapUsed + external } satisfies Usage)
})
process.send?.(url)

async function service(): Promise<string> {
  const log = pino({ level: 'warn' }, pino.destination(2))
  const metered = kind === 'metered' ? { OPS_PORT: String(await freePort()) } : {}
  return (await startService({ config: readConfig({ ...process.env, ...metered }), log })).url
}

async function route(): Promise<string> {
  const log = { info: () => {}, warn: () => {} }
  const { DATABASE_URL = '' } = process.env
  const { db } = await connect({ url: DATABASE_URL, poolSize: 10, log })

  const ask = async (scene: string) => {
    const { rows } = await sql<{ status: string; secret_hash: string; expires_in: number }>`
      select status, encode(secret_hash, 'hex') as secret_hash,
        ceil(extract(epoch from expires_at - now()))::int as expires_in
      from tickets
      where scene = ${scene}
    `.execute(db)
    return rows[0]
  }

  const app = Fastify()
  app.get<{ Params: { scene: string } }>('/ticket/:scene', async (request, reply) => {
    const { scene } = request.params
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
    if (kind === 'bare') return { scene, status: 'pending', expires_in: 3600, interval: 2 }

    const row = await ask(scene)
    if (!row || !sameHash(row.secret_hash, bearerHash(request) ?? '')) return reply.code(401).send()
    return { scene, status: row.status, expires_in: row.expires_in, interval: 2 }
  })
  return app.listen({ port: 0, host: '127.0.0.1' })
}
