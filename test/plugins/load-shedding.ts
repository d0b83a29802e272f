import Fastify from 'fastify'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { errorAnswers } from '../../src/plugins/errors.ts'
import { loadShedding } from '../../src/plugins/load-shedding.ts'

const app = Fastify()
await app.register(errorAnswers)
await app.register(loadShedding, { graceMs: 0 })
app.get('/livez', () => 'alive')
app.get('/work', () => 'done')
t.teardown(() => app.close())
await app.ready()

const block = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
const work = () => app.inject('/work')

t.test('an idle process serves', async (t) => {
  t.equal((await work()).statusCode, 200)
})

t.test('above capacity a request is refused with a time to come back', async (t) => {
  let answer = await work()
  for (let i = 0; i < 5 && answer.statusCode === 200; i++) {
    block(1_300)
    await turn()
    answer = await work()
  }
  t.equal(answer.statusCode, 503)
  t.match(answer.json(), { statusCode: 503, code: 'OVERLOADED', request_id: String })
  t.match(answer.headers['retry-after'], /^[1-9]\d*$/)
  t.equal(answer.headers['cache-control'], 'no-store')

  const live = await app.inject('/livez')
  t.match(live, { statusCode: 200, body: 'alive' }, 'which is no reason to restart it')
})

t.test('once there is room again it serves', async (t) => {
  const deadline = performance.now() + 8_000
  let { statusCode } = await work()
  t.equal(statusCode, 503)
  while (statusCode === 503 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    ;({ statusCode } = await work())
  }
  t.equal(statusCode, 200)
})
