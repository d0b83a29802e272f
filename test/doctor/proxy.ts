import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { createAsk } from '../../src/doctor/ask.ts'
import { checkProxy } from '../../src/doctor/proxy.ts'
import { startApp, type Overrides } from '../fixtures/app.ts'
import { postgresDb } from '../fixtures/postgres/database.ts'

const { db, url: databaseUrl } = await postgresDb(t)
const ask = createAsk({ timeoutMs: 5_000 })

async function check(t: Test, trustProxy: string[] | false, changed: Overrides = {}) {
  const { url } = await startApp(t, { databaseUrl, trustProxy, ...changed })
  return checkProxy({ url, trustProxy, ask, db })
}

/** A proxy in between, as far as can be told from outside. */
const asProxy = async (app: FastifyInstance) => {
  app.addHook('onSend', async (_request, reply) => void reply.header('server', 'between'))
}

t.test('without a proxy the service sees us', async (t) => {
  t.match(await check(t, false), {
    status: 'ok',
    says: { en: /\(127\.0\.0\.1\), and believes no/ },
  })
  const { rows } = await sql`
    select status, requested_ip, code_image from tickets
  `.execute(db)
  const canceled = { status: 'canceled', requested_ip: '127.0.0.1', code_image: null }
  t.same(rows, [canceled, canceled], 'and nothing of it stays open')
})

t.test('a proxy, and TRUST_PROXY forgotten', async (t) => {
  t.match(await check(t, false, { around: [asProxy] }), {
    status: 'failed',
    says: { en: /address of your proxy, 127\.0\.0\.1/ },
    fix: { en: /Set TRUST_PROXY/ },
  })
})

t.test('TRUST_PROXY believes us: from here nothing can be said', async (t) => {
  t.match(await check(t, ['loopback']), {
    status: 'warning',
    says: { en: /Cannot tell from here/ },
  })
})

t.test('TRUST_PROXY believes every address', async (t) => {
  t.match(await check(t, ['0.0.0.0/1', '128.0.0.0/1']), {
    status: 'failed',
    says: { en: /forged .* is believed/ },
  })
})

t.test('a service on another database is found out', async (t) => {
  const { url } = await startApp(t)
  t.match(await checkProxy({ url, trustProxy: false, ask, db }), {
    status: 'failed',
    says: { en: /another database than DATABASE_URL/ },
  })
})

t.test('what stands in the way of a ticket is named', async (t) => {
  const limited = await check(t, false, { rates: { create: 1, phone: 1 } })
  t.match(limited, {
    status: 'unchecked',
    says: { en: /too many tickets/ },
    fix: { en: /a minute/ },
  })
  await sql`delete from rate_limits`.execute(db)

  const refuses = (method: string) => async (app: FastifyInstance) => {
    app.addHook('onRequest', async (request, reply) => {
      if (request.method === method) return reply.code(403).type('text/html').send('<h1>no</h1>')
    })
  }
  t.match(await check(t, false, { around: [refuses('POST')] }), {
    status: 'failed',
    says: { en: /No ticket can be created through PUBLIC_URL \(HTTP 403\)/ },
  })
  t.match(await check(t, false, { around: [refuses('DELETE')] }), {
    status: 'warning',
    says: { en: /DELETE does not get through/ },
  })
  t.match(await checkProxy({ url: 'http://127.0.0.1:1', trustProxy: false, ask, db }), {
    status: 'failed',
    says: { en: /cannot be reached/ },
  })
})
