import t from 'tap'
import { createCircuit } from '../../src/db/circuit.ts'

const silence = new Error('Query read timeout')

/** A database that has just been lost, and the clock of its callers. */
function lost() {
  const clock = { at: 1_000 }
  const circuit = createCircuit(() => clock.at)
  const since = circuit.enter()
  clock.at += 900
  circuit.failed(since, silence)
  circuit.leave()
  return { circuit, clock }
}

t.test('as long as it answers, every caller may ask', async (t) => {
  const circuit = createCircuit()
  for (let i = 0; i < 3; i++) t.doesNotThrow(() => circuit.enter())
  circuit.answered()
  t.doesNotThrow(() => circuit.enter())
})

t.test('a statement that got no answer while others did does not open the circuit', async (t) => {
  const clock = { at: 0 }
  const circuit = createCircuit(() => clock.at)
  const since = circuit.enter()
  clock.at = 500
  circuit.answered()
  clock.at = 900
  circuit.failed(since, silence)
  circuit.leave()
  t.doesNotThrow(() => circuit.enter())
  t.notOk(circuit.distrusts(400))
})

t.test('callers that waited behind the first hear of it at once', async (t) => {
  const { circuit, clock } = lost()
  t.throws(() => circuit.enter(), silence)
  clock.at += 99
  t.throws(() => circuit.enter(), silence)
})

t.test('then one at a time tries, and the others are told what the last one got', async (t) => {
  const { circuit, clock } = lost()
  clock.at += 100
  const since = circuit.enter()
  t.throws(() => circuit.enter(), silence)
  clock.at += 300
  t.throws(() => circuit.enter(), silence)

  const refused = new Error('connect ECONNREFUSED')
  circuit.failed(since, refused)
  circuit.leave()
  t.throws(() => circuit.enter(), refused)
  clock.at += 100
  t.doesNotThrow(() => circuit.enter())
})

t.test(
  'a caller that leaves without an answer and without a failure lets the next one try',
  async (t) => {
    const { circuit, clock } = lost()
    clock.at += 100
    circuit.enter()
    circuit.leave()
    t.doesNotThrow(() => circuit.enter())
  },
)

t.test('any answer ends it, and connections from before are not trusted', async (t) => {
  const { circuit, clock } = lost()
  const lostAt = clock.at
  clock.at += 100
  circuit.enter()
  clock.at += 5
  circuit.answered()
  for (let i = 0; i < 3; i++) t.doesNotThrow(() => circuit.enter())
  t.ok(circuit.distrusts(lostAt - 1))
  t.notOk(circuit.distrusts(lostAt + 1))
})
