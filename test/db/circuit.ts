import t from 'tap'
import { createOutage } from '../../src/db/circuit.ts'

const silence = new Error('Query read timeout')

/** A database that has just been lost, and the clock of its callers. */
function lost() {
  const clock = { at: 1_000 }
  const outage = createOutage(() => clock.at)
  const since = outage.enter()
  clock.at += 900
  outage.failed(since, silence)
  outage.leave()
  return { outage, clock }
}

t.test('as long as it answers, every caller may ask', async (t) => {
  const outage = createOutage()
  for (let i = 0; i < 3; i++) t.doesNotThrow(() => outage.enter())
  outage.answered()
  t.doesNotThrow(() => outage.enter())
})

t.test('a statement that got no answer while others did is no outage', async (t) => {
  const clock = { at: 0 }
  const outage = createOutage(() => clock.at)
  const since = outage.enter()
  clock.at = 500
  outage.answered()
  clock.at = 900
  outage.failed(since, silence)
  outage.leave()
  t.doesNotThrow(() => outage.enter())
  t.notOk(outage.distrusts(400))
})

t.test('callers that waited behind the first hear of it at once', async (t) => {
  const { outage, clock } = lost()
  t.throws(() => outage.enter(), silence)
  clock.at += 99
  t.throws(() => outage.enter(), silence)
})

t.test('then one at a time tries, and the others are told what the last one got', async (t) => {
  const { outage, clock } = lost()
  clock.at += 100
  const since = outage.enter()
  t.throws(() => outage.enter(), silence)
  clock.at += 300
  t.throws(() => outage.enter(), silence)

  const refused = new Error('connect ECONNREFUSED')
  outage.failed(since, refused)
  outage.leave()
  t.throws(() => outage.enter(), refused)
  clock.at += 100
  t.doesNotThrow(() => outage.enter())
})

t.test(
  'a caller that leaves without an answer and without a failure lets the next one try',
  async (t) => {
    const { outage, clock } = lost()
    clock.at += 100
    outage.enter()
    outage.leave()
    t.doesNotThrow(() => outage.enter())
  },
)

t.test('any answer ends it, and connections from before are not trusted', async (t) => {
  const { outage, clock } = lost()
  const lostAt = clock.at
  clock.at += 100
  outage.enter()
  clock.at += 5
  outage.answered()
  for (let i = 0; i < 3; i++) t.doesNotThrow(() => outage.enter())
  t.ok(outage.distrusts(lostAt - 1))
  t.notOk(outage.distrusts(lostAt + 1))
})
