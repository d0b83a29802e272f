import t from 'tap'
import type { ErrorCode } from '../../src/errors.ts'
import { sameIdentity } from '../../src/identity.ts'
import {
  goneError,
  intervalOf,
  isDead,
  outcomeError,
  statusOf,
  type DeadStatus,
  type Status,
} from '../../src/tickets/ticket.ts'

const stored = ['pending', 'scanned', 'confirmed', 'consumed', 'denied', 'canceled'] as const
const alice = { appid: 'wx1', openid: 'alice' }
const bob = { appid: 'wx1', openid: 'bob' }

t.test('only an open window can expire', async (t) => {
  for (const status of stored) t.equal(statusOf({ status, live: true }), status)
  t.same(
    stored.map((status) => statusOf({ status, live: false })),
    ['expired', 'expired', 'expired', 'consumed', 'denied', 'canceled'],
  )
})

t.test('wait 2 s while pending, 1 s once scanned, and stop after that', async (t) => {
  const expected: Record<Status, number> = {
    pending: 2,
    scanned: 1,
    confirmed: 0,
    consumed: 0,
    denied: 0,
    canceled: 0,
    expired: 0,
  }
  for (const status of [...stored, 'expired'] as const) {
    t.equal(intervalOf(status), expected[status], status)
  }
})

t.test('what is over answers 410 with its outcome', async (t) => {
  const expected: Record<DeadStatus, ErrorCode> = {
    expired: 'TICKET_EXPIRED',
    denied: 'TICKET_DENIED',
    canceled: 'TICKET_CANCELED',
    consumed: 'TICKET_CONSUMED',
  }
  for (const status of [...stored, 'expired'] as const) {
    if (!isDead(status)) {
      t.match(status, /^(pending|scanned|confirmed)$/)
      continue
    }
    t.match(goneError(status), { code: expected[status], statusCode: 410 })
    for (const owner of [null, alice, bob]) {
      t.equal(outcomeError({ status, owner }, alice).code, expected[status], 'to every caller')
    }
  }
})

t.test('another than the owner hears so before anything else', async (t) => {
  for (const status of ['scanned', 'confirmed'] as const) {
    t.equal(outcomeError({ status, owner: alice }, bob).code, 'SCANNED_BY_ANOTHER')
    t.equal(outcomeError({ status, owner: alice }, alice).code, 'ALREADY_CONFIRMED')
  }
})

t.test('an identity is the mini program and the openid together', async (t) => {
  t.equal(sameIdentity(alice, { ...alice }), true)
  t.equal(sameIdentity(alice, bob), false)
  t.equal(sameIdentity(alice, { ...alice, appid: 'wx2' }), false)
})
