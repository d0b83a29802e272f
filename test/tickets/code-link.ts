import t from 'tap'
import { scanTicket } from '../../src/tickets/scan.ts'
import { newScene } from '../../src/tickets/secret.ts'
import { findLink, storeUrlLink } from '../../src/tickets/code.ts'
import { postgresDb } from '../fixtures/postgres/database.ts'
import { alice, arrange, windows } from '../fixtures/tickets/arrange.ts'
import { codeAnswers, eachSituation } from '../fixtures/tickets/each-situation.ts'
import { deadline, outcome, stored } from '../fixtures/tickets/observe.ts'

const { db } = await postgresDb(t)
const LINK = 'https://wxaurl.cn/AbCdEfGhIjK'

t.test('a pending ticket has none at first, then the first that was stored', async (t) => {
  const { scene } = await arrange(db, 'pending')
  const at = await deadline(db, scene)
  t.equal((await findLink(db, scene)).link, null)
  await storeUrlLink(db, scene, LINK)
  await storeUrlLink(db, scene, 'https://wxaurl.cn/another')
  t.equal((await findLink(db, scene)).link, LINK)
  t.equal(await deadline(db, scene), at, 'which moves no window')
  t.match(await stored(db, scene), { status: 'pending', code_image: null })
})

t.test('what a request for the link hears', (t) =>
  eachSituation(t, db, codeAnswers, async (t, { scene }, expected) =>
    t.equal(await outcome(findLink(db, scene)), expected, expected),
  ),
)

t.test('a link that comes after the scan is not kept', async (t) => {
  const { scene } = await arrange(db, 'scanned')
  await storeUrlLink(db, scene, LINK)
  t.match(await stored(db, scene), { status: 'scanned', url_link: null })
})

t.test('a stored link is given out no more once the ticket is scanned', async (t) => {
  const { scene } = await arrange(db, 'pending')
  await storeUrlLink(db, scene, LINK)
  await scanTicket(db, { scene, identity: alice, windows })
  t.equal(await outcome(findLink(db, scene)), 'TICKET_CONSUMED')
})

t.test('an unknown scene is TICKET_NOT_FOUND, and makes no ticket', async (t) => {
  const scene = newScene()
  await storeUrlLink(db, scene, LINK)
  t.equal(await outcome(findLink(db, scene)), 'TICKET_NOT_FOUND')
})
