import type { FastifyInstance, FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import { sql } from 'kysely'
import { createAsk } from '../../src/doctor/ask.ts'
import { checkCache } from '../../src/doctor/cache.ts'
import { startApp, type Overrides } from '../fixtures/app.ts'
import { postgresDb } from '../fixtures/postgres/database.ts'

const { db, url: databaseUrl } = await postgresDb(t)
const ask = createAsk({ timeoutMs: 5_000 })

async function check(t: Test, changed: Overrides = {}) {
  const { url } = await startApp(t, { databaseUrl, ...changed })
  return checkCache({ url, ask })
}

const isPoll = ({ method, url }: FastifyRequest) =>
  method === 'GET' && /^\/ticket\/[\w-]+$/.test(url)

/** A cache in between that goes by the URL alone, as panels' do. */
const asCache = async (app: FastifyInstance) => {
  const kept = new Map<string, unknown>()
  app.addHook('onRequest', async (request, reply) => {
    if (isPoll(request) && kept.has(request.url)) return reply.send(kept.get(request.url))
  })
  app.addHook('onSend', async (request, reply, payload) => {
    if (isPoll(request) && reply.statusCode === 200) kept.set(request.url, JSON.parse(`${payload}`))
  })
}

/** Something in between that answers polls itself. */
const answering =
  (status: number, which: (request: FastifyRequest) => boolean) => async (app: FastifyInstance) => {
    app.addHook('onRequest', async (request, reply) => {
      if (isPoll(request) && which(request)) {
        return reply.code(status).type('application/json').send('{}')
      }
    })
  }

t.test('without a cache strangers are refused, and nothing stays open', async (t) => {
  t.match(await check(t), {
    status: 'ok',
    says: { en: /refused right after a right one/, zh: /仍被拒绝/ },
  })
  const { rows } = await sql`select status, code_image from tickets`.execute(db)
  t.same(rows, [{ status: 'canceled', code_image: null }])
})

t.test('threat 26: a cache that hands answers to strangers is found out', async (t) => {
  t.match(await check(t, { around: [asCache] }), {
    status: 'failed',
    says: { en: /HTTP 200 .* not with 401: a cache/, zh: /HTTP 200 而不是 401/ },
    fix: { en: /proxy_cache off;/, zh: /宝塔面板在 网站 → 反向代理 → 缓存/ },
  })
  const toNone = answering(200, ({ headers }) => headers.authorization === undefined)
  t.match(await check(t, { around: [toNone] }), {
    status: 'failed',
    says: { en: /HTTP 200/ },
  })
})

t.test('what takes the secret out of the request is found out', async (t) => {
  const withoutHeader = async (app: FastifyInstance) => {
    app.addHook('onRequest', async ({ headers }) => void delete headers.authorization)
  }
  t.match(await check(t, { around: [withoutHeader] }), {
    status: 'failed',
    says: { en: /header Authorization does not reach/ },
    fix: { zh: /Authorization/ },
  })
})

t.test('what stands in the way of a poll is named', async (t) => {
  t.match(await check(t, { around: [answering(403, () => true)] }), {
    status: 'failed',
    says: { en: /not polled \(HTTP 403\)/ },
  })
  const broken = answering(500, ({ headers }) => headers.authorization === undefined)
  t.match(await check(t, { around: [broken] }), {
    status: 'failed',
    says: { en: /not polled \(HTTP 500\)/ },
  })
  const guessed = answering(429, ({ headers }) => headers.authorization === undefined)
  t.match(await check(t, { around: [guessed] }), {
    status: 'unchecked',
    says: { en: /too many wrong secrets/ },
  })
  t.match(await check(t, { rates: { create: 1, phone: 1 } }), { status: /^ok|unchecked$/ })
  t.match(await check(t, { rates: { create: 1, phone: 1 } }), {
    status: 'unchecked',
    says: { en: /Not checked: caches on the way, because too many tickets/, zh: /“途中的缓存”/ },
  })
  t.match(await checkCache({ url: 'http://127.0.0.1:1', ask }), {
    status: 'failed',
    says: { en: /cannot be reached/ },
  })
})
