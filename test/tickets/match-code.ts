import { createHash } from 'node:crypto'
import t from 'tap'
import {
  matchChoices,
  matchOf,
  newMatchCode,
  USER_CODE_PATTERN,
} from '../../src/tickets/match-code.ts'

const hashOf = (n: number): string => createHash('sha256').update(String(n)).digest('hex')

t.test('a code has two digits, and all ninety of them come up', async (t) => {
  const seen = new Set<string>()
  for (let i = 0; i < 5_000; i++) {
    const code = newMatchCode()
    if (!/^[1-9]\d$/.test(code)) t.fail(`${code} is no code`)
    seen.add(code)
  }
  t.equal(seen.size, 90)
})

t.test('three different choices, one of them right, for every code', async (t) => {
  for (let code = 10; code <= 99; code++) {
    for (let n = 0; n < 20; n++) {
      const choices = matchChoices({ matchCode: String(code), secretHash: hashOf(n) })
      const fine =
        choices.length === 3 &&
        new Set(choices).size === 3 &&
        choices.every((choice) => /^[1-9]\d$/.test(choice)) &&
        choices.includes(String(code))
      if (!fine) t.fail(`${code}: ${choices.join()}`)
    }
  }
  t.pass('1800 tickets')
})

t.test('one ticket has the same three, asked anywhere and again', async (t) => {
  const ticket = { matchCode: '47', secretHash: hashOf(1) }
  t.same(matchChoices(ticket), matchChoices({ ...ticket, secretHash: hashOf(1) }))
})

t.test('neither the place nor the company of the right one gives it away', async (t) => {
  const places = [0, 0, 0]
  const company = new Map<string, number>()
  for (let n = 0; n < 9_000; n++) {
    const choices = matchChoices({ matchCode: '47', secretHash: hashOf(n) })
    const place = choices.indexOf('47')
    places[place] = (places[place] ?? 0) + 1
    for (const other of choices) company.set(other, (company.get(other) ?? 0) + 1)
  }
  t.ok(
    places.every((count) => count > 2_700 && count < 3_300),
    `first, second, third: ${places.join()}`,
  )
  t.equal(company.size, 90, 'every other code keeps it company')
  company.delete('47')
  const counts = [...company.values()]
  t.ok(Math.min(...counts) > 100 && Math.max(...counts) < 320, 'about 202 times each')
})

t.test('the wrong ones follow from the secret, not from what the public sees', async (t) => {
  const sets = new Set(
    Array.from({ length: 50 }, (_, n) =>
      matchChoices({ matchCode: '47', secretHash: hashOf(n) }).join(),
    ),
  )
  t.ok(sets.size > 40, 'fifty tickets with one code have their own choices')
})

t.test(
  'of a device three different user codes, one of them right, and none looks made up',
  async (t) => {
    const matchCode = 'WDJB-MJHT'
    const places = [0, 0, 0]
    const letters = new Set<string>()
    for (let n = 0; n < 3_000; n++) {
      const choices = matchChoices({ matchCode, secretHash: hashOf(n) })
      const place = choices.indexOf(matchCode)
      places[place] = (places[place] ?? 0) + 1
      const fine =
        choices.length === 3 &&
        new Set(choices).size === 3 &&
        choices.every((choice) => new RegExp(USER_CODE_PATTERN).test(choice))
      if (!fine) t.fail(choices.join())
      for (const choice of choices) for (const letter of choice) letters.add(letter)
    }
    t.ok(
      places.every((count) => count > 850 && count < 1_150),
      `first, second, third: ${places.join()}`,
    )
    t.equal([...letters].toSorted().join(''), '-BCDFGHJKLMNPQRSTVWXZ', 'those of the provider')
    const ticket = { matchCode, secretHash: hashOf(1) }
    t.same(matchChoices(ticket), matchChoices({ ...ticket }))
  },
)

t.test('a user code is compared in every mode', async (t) => {
  const device = { matchCode: 'WDJB-MJHT', secretHash: hashOf(1) }
  const browser = { matchCode: '47', secretHash: hashOf(1) }
  t.strictSame(matchOf('off', browser), { mode: 'off' })
  t.strictSame(matchOf('show', browser), { mode: 'show', code: '47' })
  for (const mode of ['off', 'show'] as const) {
    t.strictSame(matchOf(mode, device), { mode: 'show', code: 'WDJB-MJHT' })
  }
  t.match(matchOf('choose', device), { mode: 'choose', choices: { length: 3 } })
})
