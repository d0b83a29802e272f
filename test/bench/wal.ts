import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { request } from 'undici'
import type { Caller } from './logins.ts'

/** Of a code image as WeChat makes it. */
export const IMAGE_BYTES = 60_000

/** As many as one address gets from the stock in a minute, and so many times. */
const AT_A_TIME = 20
const TIMES = 5
/** Given out so far: whose calls they are. */
let addresses = 0

/**
 * The simulated WeChat with code images of `IMAGE_BYTES` that nothing compresses, as WeChat's own: the
 * simulated ones are small.
 */
export async function largeCodes(apiBase: string): Promise<{ url: string; close(): void }> {
  const server = createServer(async (asked, reply) => {
    const chunks: Buffer[] = []
    for await (const chunk of asked) chunks.push(chunk as Buffer)
    if (asked.url?.startsWith('/wxa/getwxacodeunlimit')) {
      reply.setHeader('content-type', 'image/jpeg')
      reply.end(Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), randomBytes(IMAGE_BYTES - 4)]))
      return
    }
    const answer = await request(`${apiBase}${asked.url}`, {
      method: asked.method === 'POST' ? 'POST' : 'GET',
      headers: { 'content-type': 'application/json' },
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    })
    reply.setHeader('content-type', String(answer.headers['content-type']))
    reply.end(Buffer.from(await answer.body.arrayBuffer()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/**
 * Bytes of PostgreSQL's write-ahead log that a whole login costs, all that happens beside it included:
 * the filling of the stock, and the sweep that forgets its token half a minute later.
 *
 * @param open a caller at an address
 * @param options.image whether the browser loads the code image
 * @param options.stock how many code images are to lie ready before each share of the logins
 */
export async function measureWal(
  database: pg.Client,
  open: (localAddress: string) => Caller,
  options: { image: boolean; stock: number },
): Promise<number> {
  const { image, stock } = options
  let begun = 0
  const share = async () => {
    if (stock > 0) await untilStocked(database, stock)
    const caller = open(`127.0.2.${++addresses}`)
    // One after the other: a lane in which a ticket finds the stock empty would count for another row.
    for (let i = 0; i < AT_A_TIME; i++) await caller.login(`writer-${begun++ % 500}`, { image })
    await caller.close()
  }
  await share()
  // Those of logins before are not to be forgotten in the midst of these.
  await untilForgotten(database)
  const before = await position(database)
  for (let i = 0; i < TIMES; i++) await share()
  const bytes = (await position(database)) - before
  return (bytes + (await untilForgotten(database))) / (AT_A_TIME * TIMES)
}

/** Ends the grace of all tokens. @returns bytes that are written until the sweep has forgotten them */
async function untilForgotten(database: pg.Client): Promise<number> {
  await database.query(
    `update tickets set consumed_at = consumed_at - interval '1 minute' where token is not null`,
  )
  const before = await position(database)
  for (let i = 0; i < 200; i++) {
    const { rows } = await database.query(
      'select from tickets where token is not null and consumed_at is not null',
    )
    if (rows.length === 0) return (await position(database)) - before
    await sleep(100)
  }
  throw new Error('tokens were not forgotten within 20 s')
}

export async function untilStocked(database: pg.Client, size: number): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const { rows } = await database.query('select from code_stock')
    if (rows.length >= size) return
    await sleep(100)
  }
  throw new Error('the stock of codes was not filled within 20 s')
}

async function position(database: pg.Client): Promise<number> {
  const { rows } = await database.query<{ bytes: number }>(
    `select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as bytes`,
  )
  return rows[0]?.bytes ?? 0
}
