import t from 'tap'
import { createMetrics } from '../../src/telemetry/metrics.ts'

const errors: [string, string][] = []
const metrics = createMetrics({
  onError: (gauge, error) => void errors.push([gauge, (error as Error).message]),
})

/** The samples of a metric, as text. */
async function samples(name: string): Promise<string[]> {
  const lines = (await metrics.registry.metrics()).split('\n')
  return lines.filter((line) => line.startsWith(name))
}

t.test(
  'a gauge shows what it finds at the moment, and nothing where there is nothing',
  async (t) => {
    let reading: number | undefined
    let parts: Record<string, number> = {}
    const help = 'For this test'
    metrics.gauge({ name: 'plain', help, collect: () => reading })
    metrics.gauge({ name: 'parted', help, label: 'state', collect: async () => parts })
    t.same([await samples('plain'), await samples('parted')], [[], []])
    reading = 3
    t.same(await samples('plain'), ['plain 3'])
    parts = { idle: 2, busy: 0 }
    t.same(await samples('parted'), ['parted{state="idle"} 2', 'parted{state="busy"} 0'])
    parts = { idle: 1 }
    t.same(await samples('parted'), ['parted{state="idle"} 1'])
    reading = undefined
    parts = {}
    t.same([await samples('plain'), await samples('parted')], [[], []])
    t.same(errors, [])
  },
)

t.test('one that cannot be read, or hangs, costs the scrape nothing but itself', async (t) => {
  let broken = true
  metrics.gauge({
    name: 'broken_one',
    help: 'Its database is gone',
    collect: async () => {
      if (broken) throw new Error('ECONNREFUSED')
      return 7
    },
  })
  let answer: (n: number) => void = () => {}
  metrics.gauge({
    name: 'hanging_one',
    help: 'Its database does not answer',
    collect: () => (broken ? new Promise<number>((resolve) => (answer = resolve)) : 8),
  })
  metrics.tickets('created')
  const began = performance.now()
  const text = await metrics.registry.metrics()
  t.ok(performance.now() - began < 3_000)
  t.match(text, /^scenepass_tickets_total\{outcome="created"\} 1$/m)
  t.notMatch(text, /^(broken|hanging)_one /m)
  t.same(errors, [
    ['broken_one', 'ECONNREFUSED'],
    ['hanging_one', 'no value within 1000 ms'],
  ])
  broken = false
  answer(1)
  t.same(await samples('broken_one'), ['broken_one 7'])
  t.same(await samples('hanging_one'), ['hanging_one 8'])
})

t.test('what did not happen yet is zero, so that its first time is an increase', async (t) => {
  t.match(await samples('scenepass_tickets_total{outcome="denied"'), [/ 0$/])
  t.match(await samples('scenepass_poll_batch_size_count'), [/ 0$/])
})
