import Fastify from 'fastify'
import t from 'tap'
import { createBeginTicket, type Beginning } from '../../src/http/begin-ticket.ts'
import { createGuessLimit } from '../../src/http/guess-limit.ts'
import { createPollPace } from '../../src/http/poll-pace.ts'
import { createAddressLimits } from '../../src/http/address-limits.ts'
import { errorHandler } from '../../src/http/plugins/error-handler.ts'
import { createCounter } from '../../src/limits/count.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { findTicket } from '../../src/tickets/find.ts'
import { hashSecret } from '../../src/tickets/secret.ts'
import { createStatusLoader } from '../../src/tickets/status-loader.ts'
import type { MatchMode } from '../../src/tickets/match-code.ts'
import { bindVerbs } from '../../src/tickets/verbs.ts'
import { APP, newUserCode, television } from '../fixtures/device.ts'
import { postgresDb } from '../fixtures/postgres/database.ts'
import { windows } from '../fixtures/tickets/arrange.ts'

/** What every route that begins a ticket answers, whatever it is for. */

const { db } = await postgresDb(t)

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

function routeWith(matchMode: MatchMode, beginning: Beginning) {
  const rules = { windows, matchMode, codeStock: 0, urlLink: true }
  const tickets = bindVerbs(db, {
    rules,
    stock: { miniprogram: null, official_account: null },
    loader: createStatusLoader(db),
    onTransition: () => {},
  })
  const pace = createPollPace()
  const begin = createBeginTicket({
    tickets,
    codeOf: async () => PNG,
    rules,
    channels: ['miniprogram'],
    countryOf: () => 'CN',
    limits: createAddressLimits(createCounter(db)),
    guesses: createGuessLimit(),
    pace,
  })
  const app = Fastify({ logger: false })
  const log = createLog('silent', { write: () => {} })
  app.register(errorHandler, { log, onUnknownPath: () => {}, pauseBefore: () => 0 })
  app.post('/elsewhere', (request, reply) => begin(request, reply, beginning))
  t.teardown(() => app.close())
  return { pace, post: () => app.inject({ method: 'POST', url: '/elsewhere' }) }
}

t.test('an app’s ticket is answered as every other, and its holder has a pace', async (t) => {
  const { pace, post } = routeWith('show', { relyingParty: APP })
  const answer = await post()
  const body = answer.json()
  t.equal(answer.statusCode, 201)
  t.equal(answer.headers['location'], `/ticket/${body.scene}`)
  t.strictSame(Object.keys(body), [
    'scene',
    'secret',
    'status',
    'channel',
    'expires_in',
    'interval',
    'match_code',
    'match_mode',
    'qrcode_url',
    'link_url',
  ])
  const pictured = (await routeWith('show', { relyingParty: APP, image: true }).post()).json()
  t.equal(pictured.qrcode, `data:image/png;base64,${PNG.toString('base64')}`)
  t.strictSame(Object.keys(pictured).toSorted(), [...Object.keys(body), 'qrcode'].toSorted())
  t.match(body, { status: 'pending', channel: 'miniprogram', expires_in: 120, interval: 2 })
  t.match(body.match_code, /^[1-9]\d$/)
  t.ok(pace.knows(hashSecret(body.secret)))
  const { relyingParty, requestedBy } = await findTicket(db, body.scene)
  t.strictSame(relyingParty, APP)
  t.match(requestedBy, { ip: '127.0.0.1', country: 'CN' })
})

t.test('a device’s ticket has the device’s facts, and its user code in every mode', async (t) => {
  const device = newUserCode()
  const beginning = { relyingParty: { ...APP, device }, requester: television, requestedAgo: 60 }
  for (const mode of ['off', 'show', 'choose'] as const) {
    const body = (await routeWith(mode, beginning).post()).json()
    t.equal(body.match_code, device, mode)
    t.equal(body.match_mode, mode === 'off' ? 'show' : mode)
    const { requestedBy } = await findTicket(db, body.scene)
    t.match(requestedBy, television)
  }
  const app = await routeWith('off', { relyingParty: APP }).post()
  t.match(app.json(), { match_code: null, match_mode: 'off' })
})

t.test('a door that is shut is no choice', async (t) => {
  const { post } = routeWith('show', { channel: 'official_account' })
  t.match((await post()).json(), { statusCode: 400, code: 'INVALID_REQUEST' })
})
