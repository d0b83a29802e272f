import t from 'tap'
import { createSlots } from '../../src/http/slots.ts'

/** Work that ends when it is told to. */
function held() {
  const began: string[] = []
  const ends: (() => void)[] = []
  const work = (name: string) => () => {
    began.push(name)
    return new Promise<void>((resolve) => ends.push(resolve))
  }
  return { began, ends, work }
}
const soon = () => new Promise((resolve) => setImmediate(resolve))

t.test('so many of a key at a time, in order; keys do not wait for each other', async (t) => {
  const inTurn = createSlots(2)
  const { began, ends, work } = held()
  const done = ['a1', 'a2', 'a3', 'a4', 'b1'].map((name) => inTurn(name[0] as string, work(name)))
  await soon()
  t.strictSame(began, ['a1', 'a2', 'b1'])
  ends[0]?.()
  await soon()
  t.strictSame(began, ['a1', 'a2', 'b1', 'a3'])
  for (let i = 1; i < 5; i++) {
    ends[i]?.()
    await soon()
  }
  t.strictSame(began, ['a1', 'a2', 'b1', 'a3', 'a4'])
  await Promise.all(done)
})

t.test('work that fails gives its turn on', async (t) => {
  const inTurn = createSlots(1)
  const failing = inTurn('a', async () => {
    throw new Error('no')
  })
  const next = inTurn('a', async () => 'yes')
  await t.rejects(failing, { message: 'no' })
  t.equal(await next, 'yes')
  t.equal(await inTurn('a', async () => 'and so on'), 'and so on')
})
