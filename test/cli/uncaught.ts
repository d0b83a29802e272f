import t from 'tap'
import { MIGRATE, plantSecrets, SERVER } from '../fixtures/network/planted.ts'
import { leaked } from '../fixtures/network/wiretap.ts'

/** Node.js prints all that an error carries, where nothing catches it, and what it warns of. */

const { good, secrets, outputOf } = await plantSecrets(t)
const later = { ...good, TEST_BLURT_HANDLERS: '2' }

t.test('threat 14: what nothing catches is told without secrets', { jobs: 3 }, async (t) => {
  for (const [blurt, expected] of [
    ['throw', /Error: cannot read .*\[redacted\]/],
    ['throwText', /\[redacted\]/],
    ['reject', /Error: cannot read .*\[redacted\]/],
    ['warn', /insecure: .*\[redacted\]/],
  ] as const) {
    for (const [name, run] of [
      ['in a command', { file: MIGRATE }],
      ['in a service that runs', { file: SERVER, env: later }],
    ] as const) {
      t.test(`${blurt} ${name}`, { buffered: true }, async (t) => {
        const text = await outputOf(t, { name, blurt, ...run })
        t.match(text, expected)
        t.equal(leaked(text, secrets), undefined)
      })
    }
  }
  t.test('throw in a service that starts', { buffered: true }, async (t) => {
    const text = await outputOf(t, { name: 'start', blurt: 'throw', file: SERVER })
    t.match(text, /Error: cannot read .*\[redacted\]/)
    t.notMatch(text, 'is ready')
    t.equal(leaked(text, secrets), undefined)
  })
})
