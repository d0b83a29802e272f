import t from 'tap'
import { createTicket } from '../../src/tickets/create.ts'
import { hashSecret, newScene } from '../../src/tickets/secret.ts'
import { databases } from '../fixtures/database.ts'
import {
  arrange,
  expire,
  movesDeadline,
  outcome,
  requester,
  situations,
  stored,
} from './fixtures/arrange.ts'

for (const { name, open } of databases) {
  t.test(name, async (t) => {
    const { db } = await open(t)

    await t.test(
      'a new ticket is pending, and only the hash of its secret is stored',
      async (t) => {
        const ticket = await createTicket(db, { ttl: 120, requester })
        t.match(ticket, {
          scene: /^[A-Za-z0-9_-]{22}$/,
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
          requested_browser: 'Chrome 142',
          requested_os: 'Windows',
          appid: null,
          openid: null,
          user_id: null,
          token: null,
          consumed_at: null,
          code_image: null,
        })
        t.notOk(JSON.stringify(row).includes(ticket.secret))
      },
    )

    await t.test('the scan window begins with the row, in the clock of the database', async (t) => {
      const scene = newScene()
      const create = () => createTicket(db, { scene, ttl: 77, requester })
      const { earliest, latest } = await movesDeadline(db, scene, create)
      t.ok(earliest <= 77 && 77 <= latest, `77 is between ${earliest} and ${latest}`)
    })

    await t.test('what is unknown of the browser is null', async (t) => {
      const nobody = { ip: null, browser: null, os: null }
      const { scene } = await createTicket(db, { ttl: 120, requester: nobody })
      t.match(await stored(db, scene), {
        requested_ip: null,
        requested_browser: null,
        requested_os: null,
      })
    })

    await t.test('a scene of the browser’s own making is taken as it is', async (t) => {
      for (const scene of ['a'.repeat(22), `Own_scene-${'0'.repeat(22)}`]) {
        t.equal((await createTicket(db, { scene, ttl: 120, requester })).scene, scene)
      }
    })

    await t.test('a taken scene is refused in every state, and its ticket stays', async (t) => {
      for (const situation of situations) {
        const { scene } = await arrange(db, situation)
        const before = await stored(db, scene)
        const again = createTicket(db, { scene, ttl: 120, requester })
        t.equal(await outcome(again), 'SCENE_TAKEN', situation)
        t.same(await stored(db, scene), before)
      }
    })

    await t.test('scenes differ in case, also for the database', async (t) => {
      const scene = `case${newScene().toLowerCase()}`
      await createTicket(db, { scene, ttl: 120, requester })
      const upper = createTicket(db, { scene: scene.toUpperCase(), ttl: 120, requester })
      t.equal(await outcome(upper), 'ok')
    })

    await t.test('of ten who want one scene at once, one gets it', async (t) => {
      const scene = newScene()
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, () => outcome(createTicket(db, { scene, ttl: 120, requester }))),
      )
      t.equal(outcomes.filter((each) => each === 'ok').length, 1)
      t.equal(outcomes.filter((each) => each === 'SCENE_TAKEN').length, 9)
    })

    await t.test('time alone writes nothing: expired is never stored', async (t) => {
      const { scene } = await arrange(db, 'pending')
      await expire(db, scene)
      t.match(await stored(db, scene), { status: 'pending' })
    })
  })
}
