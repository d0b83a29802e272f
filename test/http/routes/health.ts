import Fastify from 'fastify'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { connect } from '../../../src/db/connect.ts'
import { migrate } from '../../../src/db/migrate.ts'
import type { Db } from '../../../src/db/pool.ts'
import { errorHandler } from '../../../src/http/plugins/error-handler.ts'
import { createOrigins } from '../../../src/http/origins.ts'
import { healthRoutes } from '../../../src/http/routes/health.ts'
import { databases, postgresUrl, quietLog } from '../../fixtures/postgres/database.ts'
import { cuttable } from '../../fixtures/network/proxy.ts'

async function appOn(t: Test, db: Db) {
  const app = Fastify()
  await app.register(errorHandler)
  await app.register(healthRoutes, {
    db,
    origins: createOrigins([], 'https://login.example'),
    isStopping: () => false,
  })
  t.teardown(() => app.close())
  return app
}

for (const { name, open } of databases) {
  t.test(`it is up and it can serve on ${name}`, async (t) => {
    const app = await appOn(t, (await open(t)).db)
    for (const path of ['/livez', '/readyz', '/readyz']) {
      const answer = await app.inject(path)
      t.equal(answer.statusCode, 200, path)
      t.strictSame(answer.json(), { status: 'ok' })
    }
  })
}

t.test('it is not ready while the schema is behind, and is once it is not', async (t) => {
  const url = await postgresUrl(t, { empty: true })
  const { db, close } = await connect({ url, poolSize: 2, log: quietLog })
  t.teardown(close)
  const app = await appOn(t, db)
  const answer = await app.inject('/readyz')
  t.equal(answer.statusCode, 503)
  t.match(answer.json(), { statusCode: 503, code: 'DATABASE_UNAVAILABLE', request_id: String })
  t.match(answer.headers['retry-after'], /^\d+$/)
  t.notMatch(answer.body, /0001|migrat/, 'nothing about the inside')
  t.equal((await app.inject('/livez')).statusCode, 200)
  await migrate(db)
  t.equal((await app.inject('/readyz')).statusCode, 200)
})

t.test('it is not ready while the database is gone, and is when it is back', async (t) => {
  const proxy = await cuttable(t, await postgresUrl(t))
  await proxy.mend()
  const { db, close } = await connect({ url: proxy.url, poolSize: 2, log: quietLog })
  t.teardown(close)
  const app = await appOn(t, db)
  t.equal((await app.inject('/readyz')).statusCode, 200)

  await proxy.cut()
  for (let i = 0; i < 3; i++) {
    const answer = await app.inject('/readyz')
    t.equal(answer.statusCode, 503)
    t.match(answer.json(), { code: 'DATABASE_UNAVAILABLE', request_id: String })
  }
  t.equal((await app.inject('/livez')).statusCode, 200, 'which is no reason to restart')

  await proxy.mend()
  const mended = performance.now()
  while ((await app.inject('/readyz')).statusCode !== 200) await sleep(10)
  t.ok(performance.now() - mended < 10_000)
})
