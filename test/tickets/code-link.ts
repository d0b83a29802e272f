import t from 'tap'
import { findPendingChannel } from '../../src/tickets/code.ts'
import { newScene } from '../../src/tickets/secret.ts'
import { postgresDb } from '../fixtures/postgres/database.ts'
import { arrange } from '../fixtures/tickets/arrange.ts'
import { codeAnswers, eachSituation } from '../fixtures/tickets/each-situation.ts'
import { deadline, outcome } from '../fixtures/tickets/observe.ts'

const { db } = await postgresDb(t)

t.test('what a request for the link hears', (t) =>
  eachSituation(t, db, codeAnswers, async (t, { scene }, expected) =>
    t.equal(await outcome(findPendingChannel(db, scene)), expected, expected),
  ),
)

t.test('to ask for it moves no window', async (t) => {
  const { scene } = await arrange(db, 'pending')
  const at = await deadline(db, scene)
  t.equal(await findPendingChannel(db, scene), 'miniprogram')
  t.equal(await deadline(db, scene), at)
})

t.test('an unknown scene is TICKET_NOT_FOUND', async (t) => {
  t.equal(await outcome(findPendingChannel(db, newScene())), 'TICKET_NOT_FOUND')
})
