import { sql } from 'kysely'
import t from 'tap'
import { findCode } from '../../src/tickets/code.ts'
import { countCodeStock } from '../../src/tickets/code-stock.ts'
import { createTicket } from '../../src/tickets/create.ts'
import { hashSecret, newScene } from '../../src/tickets/secret.ts'
import { databases } from '../fixtures/postgres/database.ts'
import {
  arrange,
  requester,
  situations,
  unknownRequester,
  windows,
} from '../fixtures/tickets/arrange.ts'
import { movesDeadline, outcome, stored } from '../fixtures/tickets/observe.ts'
import { layInStock } from '../fixtures/tickets/stock.ts'
import { expire } from '../fixtures/tickets/time.ts'

for (const { name, open } of databases) {
  t.test(name, async (t) => {
    const { db } = await open(t)

    await t.test(
      'a new ticket is pending, and only the hash of its secret is stored',
      async (t) => {
        const ticket = await createTicket(db, { windows, requester })
        t.match(ticket, {
          scene: /^[A-Za-z0-9_-]{26}$/,
          secret: /^[A-Za-z0-9_-]{43}$/,
          matchCode: /^[1-9]\d$/,
          expiresIn: 120,
        })
        const row = (await stored(db, ticket.scene)) ?? {}
        t.match(row, {
          status: 'pending',
          secret_hash: `\\x${hashSecret(ticket.secret)}`,
          match_code: ticket.matchCode,
          requested_ip: '203.0.113.9',
          requested_network: '203.0.113.9',
          requested_country: 'CN',
          requested_browser: 'Chrome 142',
          requested_os: 'Windows',
          appid: null,
          openid: null,
          user_id: null,
          token: null,
          consumed_at: null,
          code_image: null,
          url_link: null,
        })
        t.notOk(JSON.stringify(row).includes(ticket.secret))
      },
    )

    await t.test('the scan window begins with the row, in the clock of the database', async (t) => {
      const scene = newScene()
      const create = () =>
        createTicket(db, { scene, windows: { ...windows, ticket: 77 }, requester })
      const { earliest, latest } = await movesDeadline(db, scene, create)
      t.ok(earliest <= 77 && 77 <= latest, `77 is between ${earliest} and ${latest}`)
    })

    await t.test('what is unknown of the browser is null', async (t) => {
      const { scene } = await createTicket(db, { windows, requester: unknownRequester })
      t.match(await stored(db, scene), {
        requested_ip: null,
        requested_network: null,
        requested_country: null,
        requested_browser: null,
        requested_os: null,
      })
    })

    await t.test('a scene of the browser’s own making is taken as it is', async (t) => {
      for (const scene of ['a'.repeat(22), `Own_scene-${'0'.repeat(22)}`]) {
        t.equal((await createTicket(db, { scene, windows, requester })).scene, scene)
      }
    })

    await t.test('a taken scene is refused in every state, and its ticket stays', async (t) => {
      for (const situation of situations) {
        const { scene } = await arrange(db, situation)
        const before = await stored(db, scene)
        const again = createTicket(db, { scene, windows, requester })
        t.equal(await outcome(again), 'SCENE_TAKEN', situation)
        t.same(await stored(db, scene), before)
      }
    })

    await t.test('scenes differ in case, also for the database', async (t) => {
      const scene = `case${newScene().toLowerCase()}`
      await createTicket(db, { scene, windows, requester })
      const upper = createTicket(db, { scene: scene.toUpperCase(), windows, requester })
      t.equal(await outcome(upper), 'ok')
    })

    await t.test('of ten who want one scene at once, one gets it', async (t) => {
      const scene = newScene()
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, () => outcome(createTicket(db, { scene, windows, requester }))),
      )
      t.equal(outcomes.filter((each) => each === 'ok').length, 1)
      t.equal(outcomes.filter((each) => each === 'SCENE_TAKEN').length, 9)
    })

    const create = (more: object = {}) =>
      createTicket(db, { windows, requester, stock: 'ours', ...more })
    const codeOf = async (scene: string) => {
      const image = (await findCode(db, scene)).image
      return image && Buffer.from(image).toString()
    }
    const image = (scene: string) => `code of ${scene}`

    await t.test('where codes lie in stock, a ticket has one from the beginning', async (t) => {
      const [laid = ''] = await layInStock(db, 1, 'ours')
      const { scene } = await create()
      t.equal(scene, laid)
      t.equal(await codeOf(scene), image(scene))
      t.equal(await countCodeStock(db, 'ours'), 0, 'and no other ticket gets it')

      const next = await create()
      t.match(next.scene, /^[A-Za-z0-9_-]{26}$/, 'without stock it is made as ever')
      t.not(next.scene, scene)
      t.equal(await codeOf(next.scene), null)
    })

    await t.test('a ticket takes no code that is not for it', async (t) => {
      const own = newScene()
      await layInStock(db, 1, 'theirs')
      t.equal(await codeOf((await create()).scene), null, 'made for other settings')
      await layInStock(db, 1, 'ours')
      t.equal((await create({ scene: own })).scene, own, 'the browser brought its own scene')
      t.equal(await codeOf(own), null)
      for (const stock of [null, undefined]) {
        t.equal(await codeOf((await create({ stock })).scene), null, 'there is to be no stock')
      }
      t.equal(await countCodeStock(db, 'theirs'), 1)
      t.equal(await countCodeStock(db, 'ours'), 1)
    })

    await t.test('a ticket that cannot be made costs no code', async (t) => {
      const before = await countCodeStock(db, 'ours')
      await t.rejects(create({ requester: { ...requester, ip: 'x'.repeat(46) } }))
      t.equal(await countCodeStock(db, 'ours'), before)
    })

    await t.test('of forty at once, twenty get the twenty codes, each another one', async (t) => {
      await sql`delete from code_stock`.execute(db)
      const laid = await layInStock(db, 20, 'ours')
      const scenes = (await Promise.all(Array.from({ length: 40 }, () => create()))).map(
        ({ scene }) => scene,
      )
      t.equal(new Set(scenes).size, 40)
      t.same(scenes.filter((scene) => laid.includes(scene)).sort(), [...laid].sort())
      for (const scene of scenes) {
        t.equal(await codeOf(scene), laid.includes(scene) ? image(scene) : null)
      }
      t.equal(await countCodeStock(db, 'ours'), 0)
    })

    await t.test('time alone writes nothing: expired is never stored', async (t) => {
      const ticket = await arrange(db, 'pending')
      await expire(db, ticket)
      t.match(await stored(db, ticket.scene), { status: 'pending' })
    })
  })
}
