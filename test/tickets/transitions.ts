import t from 'tap'
import { AppError } from '../../src/errors.ts'
import { findTicket } from '../../src/tickets/find.ts'
import { moveOn } from '../../src/tickets/guard.ts'
import { TRANSITIONS, type Status } from '../../src/tickets/ticket.ts'
import { postgresDb } from '../fixtures/postgres/database.ts'
import { arrange, situations, verbs, windows } from '../fixtures/tickets/arrange.ts'
import { deadline, movesDeadline, stored } from '../fixtures/tickets/observe.ts'
import { ARROWS } from '../fixtures/tickets/ticket-history.ts'

/** The table in `ticket.ts` is what the verbs do: each from every situation, by the ticket's owner. */

type Name = keyof typeof TRANSITIONS
const names = Object.keys(TRANSITIONS) as Name[]

const { db } = await postgresDb(t)

/** A refusal moves nothing; anything else is a bug and is thrown. */
async function moved(call: Promise<boolean>): Promise<boolean> {
  try {
    return await call
  } catch (error) {
    if (error instanceof AppError) return false
    throw error
  }
}

t.test('the table has the arrows of the diagram, and there is a verb for each row', async (t) => {
  const table = Object.values(TRANSITIONS).flatMap(({ from, to }) =>
    from.map((state) => `${state} ${to}`),
  )
  t.same(table.sort(), [...ARROWS].sort())
  t.same(Object.keys(verbs).sort(), [...names].sort())
})

for (const name of names) {
  const { from, to, window } = TRANSITIONS[name]
  const begins: readonly Status[] = from
  t.test(`${name}: from ${from.join(' or ')} to ${to}, and from nowhere else`, async (t) => {
    const begun = new Set<Status>()
    for (const situation of situations) {
      const ticket = await arrange(db, situation)
      const { scene } = ticket
      const before = await stored(db, scene)
      const { status } = await findTicket(db, scene)
      const at = await deadline(db, scene)
      let did = false
      const { earliest, latest } = await movesDeadline(db, scene, async () => {
        did = await moved(verbs[name](db, ticket))
      })
      t.equal(did, begins.includes(status), situation)
      if (did) begun.add(status)

      const after = await stored(db, scene)
      t.equal(after?.['status'], did ? to : before?.['status'], `${situation}: the state`)
      if (did && window !== null) {
        const seconds = windows[window]
        t.ok(earliest <= seconds && seconds <= latest, `${situation}: the ${window} window`)
      } else {
        t.equal(await deadline(db, scene), at, `${situation}: no window moves`)
      }
      t.equal(await moved(verbs[name](db, ticket)), false, `${situation}: never a second time`)
    }
    t.same([...begun].sort(), [...from].sort(), 'every state of the table has been tried')
  })
}

t.test('a transition that begins a window cannot be made without its length', async (t) => {
  for (const name of names) {
    if (TRANSITIONS[name].window === null) t.ok(moveOn(name), name)
    else t.throws(() => moveOn(name), TypeError, name)
  }
})
