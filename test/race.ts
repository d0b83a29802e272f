import { sql } from 'kysely'
import t from 'tap'
import { startInstance, type Instance } from './fixtures/instance.ts'
import type { Answer, Json } from './fixtures/network/client.ts'
import { postgresUrl } from './fixtures/postgres/database.ts'
import { rowLock } from './fixtures/postgres/row-lock.ts'
import { trailOf } from './fixtures/tickets/observe.ts'
import { endGrace, expire } from './fixtures/tickets/time.ts'

const twenty = Array.from({ length: 20 }, (_, i) => i)

const codes = (answers: Answer<Json>[]) =>
  answers.map(({ status, body }) => (status < 300 ? status : body.code))

t.test('three instances on one database', async (t) => {
  const databaseUrl = await postgresUrl(t)
  const a = await startInstance(t, { databaseUrl })
  const b = await startInstance(t, { databaseUrl })
  const c = await startInstance(t, { databaseUrl })
  const at = (i: number): Instance => [a, b, c][i % 3] as Instance
  // Makes their calls meet.
  const hold = await rowLock(t, databaseUrl)

  await t.test('twenty first polls at once all deliver the one token', async (t) => {
    const ticket = await a.create()
    await a.scan(ticket, 'alice')
    await b.login(ticket, 'alice')
    const polls = await hold(ticket.scene, async (queued) => {
      const answers = twenty.map((i) => at(i).poll(ticket))
      await queued(20)
      return answers
    })
    const answers = await Promise.all(polls)
    t.ok(answers.every(({ status, body }) => status === 200 && body.status === 'confirmed'))
    const tokens = new Set(answers.map(({ body }) => body.token))
    t.equal(tokens.size, 1)
    t.match([...tokens][0], /^eyJ/)
    t.equal((await c.poll(ticket)).body.token, [...tokens][0], 'and so does the twenty-first')
  })

  await t.test(
    'of confirm, decline and cancel exactly one wins, the others hear of it',
    async (t) => {
      const deciders = {
        login: (ticket: { scene: string }) => a.login(ticket, 'alice'),
        deny: (ticket: { scene: string }) => b.deny(ticket, 'alice'),
        cancel: (ticket: { scene: string; secret: string }) => c.cancel(ticket),
      }
      type Decider = keyof typeof deciders
      const wins: Record<Decider, { poll: string; others: string }> = {
        login: { poll: 'confirmed', others: 'ALREADY_CONFIRMED' },
        deny: { poll: 'denied', others: 'TICKET_DENIED' },
        cancel: { poll: 'canceled', others: 'TICKET_CANCELED' },
      }
      const orders: Decider[][] = [
        ['login', 'deny', 'cancel'],
        ['login', 'cancel', 'deny'],
        ['deny', 'login', 'cancel'],
        ['deny', 'cancel', 'login'],
        ['cancel', 'login', 'deny'],
        ['cancel', 'deny', 'login'],
      ]
      for (const scanned of [true, false]) {
        for (const order of orders) {
          const ticket = await a.create()
          if (scanned) await a.scan(ticket, 'alice')
          const answers = await hold(ticket.scene, async (queued) => {
            const asked: Promise<Answer<Json>>[] = []
            for (const who of order) {
              asked.push(deciders[who](ticket))
              await queued(asked.length)
            }
            return asked
          })
          const [first, ...others] = await Promise.all(answers)
          const winner = wins[order[0] as Decider]
          t.match(first?.status, order[0] === 'cancel' ? 204 : 200, order.join(', then '))
          t.same(codes(others), [winner.others, winner.others])
          t.equal((await b.poll(ticket)).body.status, winner.poll)
          const left = await trailOf(a.db, ticket.scene)
          const outcomes = { login: ['confirmed'], deny: ['denied'], cancel: [] }
          t.same(
            left.map(({ outcome }) => outcome),
            outcomes[order[0] as Decider],
            'the trail has the winner',
          )
        }
      }
    },
  )

  await t.test('of twenty scanners one owns the ticket', async (t) => {
    const ticket = await a.create()
    const scans = await hold(ticket.scene, async (queued) => {
      const answers = twenty.map((i) => at(i).scan(ticket, `person-${i}`))
      await queued(20)
      return answers
    })
    const answers = codes(await Promise.all(scans))
    const owner = answers.indexOf(200)
    t.ok(owner >= 0)
    t.equal(answers.filter((each) => each === 'SCANNED_BY_ANOTHER').length, 19)
    for (const i of [owner + 1, owner + 2]) {
      const stranger = `person-${i % 20}`
      const heard = [await at(i).deny(ticket, stranger), await at(i).login(ticket, stranger)]
      t.same(codes(heard), ['SCANNED_BY_ANOTHER', 'SCANNED_BY_ANOTHER'])
    }
    t.equal((await at(1).login(ticket, `person-${owner}`)).status, 200)
  })

  await t.test('of twenty people who log in at once without a scan one does', async (t) => {
    const ticket = await a.create()
    const logins = await hold(ticket.scene, async (queued) => {
      const answers = twenty.map((i) => at(i).login(ticket, `person-${i}`))
      await queued(20)
      return answers
    })
    const answers = await Promise.all(logins)
    t.equal(answers.filter(({ status }) => status === 200).length, 1)
    t.equal(codes(answers).filter((each) => each === 'SCANNED_BY_ANOTHER').length, 19)
    const { body } = answers.find(({ status }) => status === 200) as Answer<Json>
    t.equal((await b.poll(ticket)).body.user.id, body.user.id)
    t.match(
      await trailOf(a.db, ticket.scene),
      [{ outcome: 'confirmed', user_id: body.user.id }],
      'and the trail has that one',
    )
  })

  await t.test('one person’s double tap confirms once and both times succeeds', async (t) => {
    const ticket = await a.create()
    await a.scan(ticket, 'alice')
    const logins = await hold(ticket.scene, async (queued) => {
      const answers = [a.login(ticket, 'alice'), b.login(ticket, 'alice')]
      await queued(2)
      return answers
    })
    t.same(codes(await Promise.all(logins)), [200, 200])
    const first = await a.poll(ticket)
    t.equal((await b.poll(ticket)).body.token, first.body.token)
    t.equal((await trailOf(a.db, ticket.scene)).length, 1, 'it is one login in the trail')
  })

  await t.test('a decision that waits while the window passes comes too late', async (t) => {
    for (const decide of [a.login, a.deny, a.scan]) {
      const ticket = await a.create()
      if (decide !== a.scan) await a.scan(ticket, 'alice')
      const [answer] = await hold(ticket.scene, async (queued, holder) => {
        const asked = decide(ticket, 'alice')
        await queued(1)
        await expire(holder, ticket)
        return [asked]
      })
      t.same(codes([(await answer) as Answer<Json>]), ['TICKET_EXPIRED'])
      t.match((await b.poll(ticket)).body, { status: 'expired', expires_in: 0, interval: 0 })
    }
  })

  await t.test('the same user repeats a login, before and after the delivery', async (t) => {
    const ticket = await a.create()
    const first = await a.login(ticket, 'alice')
    const second = await b.login(ticket, 'alice')
    t.match(second, {
      status: 200,
      body: { scene: ticket.scene, status: 'confirmed', user: { id: first.body.user.id } },
    })
    const { token } = (await c.poll(ticket)).body
    t.match(await a.login(ticket, 'alice'), { status: 200, body: { status: 'confirmed' } })
    t.equal((await c.poll(ticket)).body.token, token, 'the browser keeps its first token')
    await endGrace(a.db, ticket)
    t.match(await b.login(ticket, 'alice'), { status: 200 }, 'also when it is long collected')
    t.match((await c.poll(ticket)).body, { status: 'consumed', interval: 0, token: undefined })
    t.same(codes([await a.login(ticket, 'bob')]), ['TICKET_CONSUMED'])
  })

  await t.test('a scan repeated by the same person answers the same', async (t) => {
    const ticket = await a.create()
    const first = (await a.scan(ticket, 'alice')).body
    const again = await b.scan(ticket, 'alice')
    t.equal(again.status, 200)
    t.same({ ...again.body, expires_in: 0 }, { ...first, expires_in: 0 })
  })

  await t.test('a login straight from pending, on another instance than all else', async (t) => {
    const ticket = await a.create()
    t.equal((await b.login(ticket, 'bob')).status, 200)
    t.match((await c.poll(ticket)).body, { status: 'confirmed', token: /^eyJ/ })
  })

  await t.test('a HEAD does not take the token', async (t) => {
    const ticket = await a.create()
    await a.login(ticket, 'alice')
    const head = await fetch(`${a.url}/ticket/${ticket.scene}`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${ticket.secret}` },
    })
    t.equal(head.status, 405)
    const { rows } = await sql`
      select status from tickets where scene = ${ticket.scene}
    `.execute(a.db)
    t.same(rows, [{ status: 'confirmed' }])
    t.match((await a.poll(ticket)).body, { token: /^eyJ/ })
  })
})
