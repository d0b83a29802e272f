import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { connect } from '../src/db/connect.ts'
import type { Db } from '../src/db/pool.ts'
import { AppError, type ErrorCode } from '../src/errors.ts'
import { cancelTicket } from '../src/tickets/cancel.ts'
import { confirmTicket } from '../src/tickets/confirm.ts'
import { createTicket } from '../src/tickets/create.ts'
import { denyTicket } from '../src/tickets/deny.ts'
import { pollTicket } from '../src/tickets/poll.ts'
import { scanTicket } from '../src/tickets/scan.ts'
import { hashSecret, newScene, newSecret } from '../src/tickets/secret.ts'
import { sweepTickets } from '../src/tickets/sweep.ts'
import { postgresUrl, quietLog } from './fixtures/postgres/database.ts'
import { unknownRequester as requester } from './fixtures/tickets/arrange.ts'
import { keepHistory, offences } from './fixtures/tickets/ticket-history.ts'
import { explain, type Call, type Heard, type Model } from './fixtures/tickets/ticket-model.ts'
import { age, endGrace, expire } from './fixtures/tickets/time.ts'

const SEED = 20_261_122
const RUNS = 350
const APPID = 'wx5a4db0c500000000'
const windows = { ticket: 120, confirm: 120, pickup: 60 }
const scenes = [0, 1] as const

type Plan = {
  scene: (typeof scenes)[number]
  do: Call['do']
  user: string
  /** Its own ticket's, the other ticket's, one that was made up, or none at all. */
  secret: 'own' | 'other' | 'made up' | 'none'
  instance: number
}

const gone = ['TICKET_EXPIRED', 'TICKET_DENIED', 'TICKET_CANCELED', 'TICKET_CONSUMED'] as const
const legal: Record<Call['do'], readonly ErrorCode[]> = {
  create: ['SCENE_TAKEN'],
  scan: ['TICKET_NOT_FOUND', 'SCANNED_BY_ANOTHER', 'ALREADY_CONFIRMED', ...gone],
  confirm: ['TICKET_NOT_FOUND', 'SCANNED_BY_ANOTHER', ...gone],
  deny: ['TICKET_NOT_FOUND', 'SCANNED_BY_ANOTHER', 'ALREADY_CONFIRMED', ...gone],
  cancel: [
    'TICKET_NOT_FOUND',
    'BAD_SECRET',
    'ALREADY_CONFIRMED',
    'TICKET_EXPIRED',
    'TICKET_DENIED',
    'TICKET_CONSUMED',
  ],
  poll: ['TICKET_NOT_FOUND', 'BAD_SECRET'],
  expire: [],
  'end grace': [],
  age: [],
  sweep: [],
}

const often = <T>(...weighted: [number, T][]) =>
  fc.oneof(...weighted.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })))

const plan: fc.Arbitrary<Plan> = fc.record({
  scene: often([4, 0 as const], [1, 1 as const]),
  do: often<Call['do']>(
    [1, 'create'],
    [5, 'scan'],
    [5, 'confirm'],
    [2, 'deny'],
    [2, 'cancel'],
    [8, 'poll'],
    [1, 'expire'],
    [1, 'end grace'],
    [1, 'age'],
    [2, 'sweep'],
  ),
  user: often([6, 'ann'], [2, 'ben'], [1, 'cho']),
  secret: often<Plan['secret']>([8, 'own'], [1, 'other'], [1, 'made up'], [1, 'none']),
  instance: fc.nat(2),
})

/**
 * A scene has no ticket, then it has one: a call in between is answered by luck, and a phone is never
 * there, because it reads the scene off the code of a ticket that exists.
 */
function apart(batch: Plan[]): Plan[] {
  const sweeps = batch.some((each) => each.do === 'sweep')
  const takes = (scene: Plan['scene']) =>
    !sweeps && batch.some((each) => each.do === 'create' && each.scene === scene)
  return batch.filter((each) =>
    takes(each.scene) ? ['create', 'poll', 'cancel'].includes(each.do) : each.do !== 'create',
  )
}

/** What is planned in one batch runs at once; the next batch begins when all of it has ended. */
const plans = fc.array(fc.array(plan, { minLength: 1, maxLength: 5 }).map(apart), {
  minLength: 3,
  maxLength: 10,
})

async function perform(db: Db, scene: string, call: Call): Promise<string> {
  const identity =
    'user' in call ? { appid: APPID, openid: call.user } : { appid: APPID, openid: '' }
  switch (call.do) {
    case 'create': {
      const { secret } = await createTicket(db, { scene, windows, requester })
      return `secret ${secret}`
    }
    case 'scan':
      await scanTicket(db, { scene, identity, windows })
      return 'ok'
    case 'confirm': {
      const { token } = call
      await confirmTicket(db, { scene, identity, userId: randomUUID(), token, windows })
      return 'ok'
    }
    case 'deny':
      await denyTicket(db, { scene, identity })
      return 'ok'
    case 'cancel':
      await cancelTicket(db, { scene, secretHash: hashOf(call.secret) })
      return 'ok'
    case 'poll': {
      const poll = await pollTicket(db, { scene, secretHash: hashOf(call.secret) })
      return poll.delivery ? `token ${poll.delivery.token}` : poll.status
    }
    case 'expire':
      // A minute ago: also for a statement that began before this one, and waits for its row.
      await expire(db, { scene }, 60)
      return 'ok'
    case 'end grace':
      await endGrace(db, { scene }, 31)
      return 'ok'
    case 'age':
      await age(db, { scene }, { created: 3_600, expired: 3_600 })
      return 'ok'
    case 'sweep':
      await sweepTickets(db, windows)
      return 'ok'
  }
}

const hashOf = (secret: string): string => (secret === '' ? '' : hashSecret(secret))

t.test('what callers hear at once, some order of their calls explains', async (t) => {
  const url = await postgresUrl(t)
  const instances: Db[] = []
  for (let i = 0; i < 3; i++) {
    const { db, close } = await connect({ url, poolSize: 4, log: quietLog })
    t.teardown(close)
    instances.push(db)
  }
  const [db] = instances as [Db]
  await keepHistory(db)

  let tokens = 0
  const answers = new Map<string, number>()

  const property = fc.asyncProperty(plans, async (batches) => {
    const names = scenes.map(newScene)
    const known: string[] = ['', '']
    const possible: Model[][] = [[null], [null]]
    const delivered = new Map<string, Set<string>>()

    const begin = scenes.map((scene): Plan => {
      return { scene, do: 'create', user: 'ann', secret: 'own', instance: 0 }
    })
    for (const batch of [begin, ...batches]) {
      const secretOf = ({ secret, scene }: Plan) =>
        secret === 'none' ? '' : (known[secret === 'own' ? scene : 1 - scene] ?? '')
      const calls = batch.map((each): Call => {
        const { do: what, user } = each
        if (what === 'scan' || what === 'deny') return { do: what, user }
        if (what === 'confirm') return { do: what, user, token: `t${++tokens}` }
        if (what === 'poll' || what === 'cancel') {
          return { do: what, secret: each.secret === 'made up' ? newSecret() : secretOf(each) }
        }
        return { do: what }
      })

      const heard = await Promise.all(
        batch.map(async ({ scene, instance }, i): Promise<Heard> => {
          const call = calls[i] as Call
          try {
            const on = instances[instance] as Db
            return { call, answer: await perform(on, names[scene] as string, call) }
          } catch (error) {
            if (!(error instanceof AppError)) throw error
            if (!legal[call.do].includes(error.code)) {
              throw new Error(`${call.do} must not answer ${error.code}`, { cause: error })
            }
            return { call, answer: error.code }
          }
        }),
      )

      for (const { call, answer } of heard) {
        const key = `${call.do}: ${answer.replace(/ .*/, '')}`
        answers.set(key, (answers.get(key) ?? 0) + 1)
        if (call.do === 'poll' && answer.startsWith('token ')) {
          delivered.set(call.secret, (delivered.get(call.secret) ?? new Set()).add(answer))
        }
      }
      for (const scene of scenes) {
        const its = heard.filter(({ call }, i) => call.do === 'sweep' || batch[i]?.scene === scene)
        const next = explain(possible[scene] as Model[], its)
        if (next.length === 0) {
          const state = JSON.stringify(possible[scene])
          throw new Error(`no order explains, from ${state}: ${JSON.stringify(its)}`)
        }
        possible[scene] = next
        for (const { call, answer } of its) {
          if (call.do === 'create' && answer.startsWith('secret ')) known[scene] = answer.slice(7)
        }
      }
    }

    for (const [secret, several] of delivered) {
      if (several.size > 1) throw new Error(`${secret} was given ${[...several].join()}`)
    }
    const found = await offences(db, names)
    if (found.length > 0) throw new Error(found.join('\n'))
  })

  await fc.assert(property, { seed: SEED, numRuns: RUNS, endOnFailure: false })

  await t.test('and every answer there is was heard', async (t) => {
    t.comment(Object.fromEntries([...answers].sort()))
    const expected = [
      ...Object.entries(legal).flatMap(([what, codes]) => codes.map((code) => `${what}: ${code}`)),
      ...['pending', 'scanned', 'denied', 'canceled', 'expired', 'consumed', 'token'].map(
        (answer) => `poll: ${answer}`,
      ),
      ...['scan', 'confirm', 'deny', 'cancel'].map((what) => `${what}: ok`),
    ]
    t.same(
      expected.filter((each) => !answers.has(each)),
      [],
    )
  })
})
