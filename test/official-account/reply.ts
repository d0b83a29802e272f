import t from 'tap'
import { decodeJwt } from 'jose'
import { outcomeText, plain, questionText } from '../../src/sign-in/chat-reply.ts'
import { call } from '../fixtures/network/client.ts'
import {
  ACCOUNT_OF_SANDBOX,
  now,
  proofOf,
  scanOf,
  sendPush,
  startDoor,
} from '../fixtures/official-account.ts'
import { plainPush, readReply, securePush } from '../fixtures/pushes.ts'
import { readXml } from '../../src/wechat/push/xml.ts'

/** What stands in the chat, and what of it stands in the log. */

const EVIL = `]]><a href="https://evil.example">x</a>&lt;\u202e\u2066\u200b\u0007\n\r\u2028&`

t.test('what came from outside is no markup, and turns no text round', async (t) => {
  for (const value of [EVIL, `${EVIL}${'\u{1f600}'.repeat(500)}`]) {
    t.notMatch(plain(value), /[<>&\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
    t.ok([...plain(value)].length <= 64)
  }
  const long = '\u{1f600}'.repeat(500)
  for (const value of [EVIL + long, long, '国'.repeat(500), '']) {
    const text = questionText({
      site: value,
      device: value === long,
      requestedBy: {
        browser: value,
        os: value,
        ip: value,
        network: value,
        country: value,
        at: '2026-11-22T10:00:00Z',
      },
      link: `https://${'l'.repeat(200)}.example/confirm#${'s'.repeat(32)}.${'p'.repeat(43)}`,
    })
    t.ok(Buffer.byteLength(text) < 2_048, `${Buffer.byteLength(text)} bytes`)
    t.equal(text.match(/</g)?.length, 2, 'our link and no other')
    t.equal(text.split('\n').length, 6)
  }
  t.match(
    questionText({
      site: 'Example',
      device: false,
      requestedBy: {
        browser: null,
        os: null,
        ip: EVIL.slice(0, 3),
        network: '',
        country: null,
        at: '2026-11-22T16:30:00Z',
      },
      link: 'x',
    }),
    /未知 unknown\n\]\]\n2026-11-23 00:30（北京时间）/,
  )
  for (const outcome of [
    'expired',
    'taken',
    'confirmed',
    'consumed',
    'denied',
    'canceled',
    'busy',
  ] as const) {
    t.match(outcomeText(outcome), /^[\p{Script=Han}\p{P}]+\n[\x20-\x7e]+$/u, outcome)
  }
})

t.test('a whole login with a hostile browser and a long name, in both modes', async (t) => {
  for (const aesKey of [ACCOUNT_OF_SANDBOX.aesKey, null]) {
    const { url } = await startDoor(t, {
      aesKey,
      site: `]]><a href=x>${'\u202e国'.repeat(25)}`,
      trustProxy: ['127.0.0.1'],
      locationHeader: 'cf-ipcountry',
    })
    const made = await call(`${url}/ticket`, {
      json: { channel: 'official_account' },
      headers: {
        'user-agent': 'Mozilla/5.0 (<a href="x">]]>) ]]><a>&/1.0 Chrome/<b>',
        'cf-ipcountry': ']]><a>',
        'x-forwarded-for': '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff',
      },
    })
    t.equal(made.status, 201)
    const { scene } = made.body
    const push = aesKey
      ? securePush(scanOf(scene), now(), ACCOUNT_OF_SANDBOX)
      : plainPush(scanOf(scene), now(), ACCOUNT_OF_SANDBOX.token)
    const { status, text, type } = await sendPush(url, push)
    t.equal(status, 200)
    t.equal(type, 'text/xml; charset=utf-8')
    const reply = aesKey ? readReply(text, ACCOUNT_OF_SANDBOX) : (readXml(text)['Content'] ?? '')
    t.ok(Buffer.byteLength(reply) < 2_048)
    t.same(reply.match(/<[^>]*>/g), [
      `<a href="${url}/confirm#${scene}.${proofOf(reply)}">`,
      '</a>',
    ])
    t.notMatch(reply, /[\u202a-\u202e\u2066-\u2069&]/)
  }
})

t.test('without OA_AES_KEY plain pushes are taken and encrypted ones are not', async (t) => {
  const { url, create, poll, phone } = await startDoor(t, { aesKey: null })
  const ticket = await create()
  const secure = securePush(scanOf(ticket.scene), now(), ACCOUNT_OF_SANDBOX)
  t.equal((await sendPush(url, secure)).status, 403)
  t.equal((await poll(ticket)).body.status, 'pending')
  const { status, text } = await sendPush(
    url,
    plainPush(scanOf(ticket.scene), now(), ACCOUNT_OF_SANDBOX.token),
  )
  t.equal(status, 200)
  const code = proofOf(readXml(text)['Content'] ?? '')
  t.equal((await phone('/login', { code, scene: ticket.scene })).status, 200)
  t.match((await poll(ticket)).body, { status: 'confirmed' })
})

t.test('a whole login at trace leaves nothing in the log that opens anything', async (t) => {
  const { url, logged, create, scan, phone, poll } = await startDoor(t, { logLevel: 'trace' })
  const ticket = await create()
  await fetch(`${url}/ticket/${ticket.scene}/qrcode`)
  const page = await fetch(`${url}/confirm`)
  t.equal(page.status, 200)
  const code = proofOf(await scan('alice', ticket.scene))
  await phone(`/ticket/${ticket.scene}/scan`, { code })
  // A link that a person has mangled, and one that lost its fragment to the query.
  await phone('/login', { code: `${code}x`, scene: ticket.scene })
  await call(`${url}/confirm?${ticket.scene}.${code}`)
  await call(`${url}/confirm/${ticket.scene}.${code}`)
  const push = securePush(scanOf(ticket.scene), now(), ACCOUNT_OF_SANDBOX)
  await sendPush(url, push)
  await sendPush(url, { ...push, body: '<xml>' })
  await phone('/login', { code, scene: ticket.scene })
  const { body } = await poll(ticket)
  t.ok(decodeJwt(body.token as string).sub)
  const accessToken = await call(`${url}/sandbox/wechat/cgi-bin/stable_token`, {
    json: {
      grant_type: 'client_credential',
      appid: ACCOUNT_OF_SANDBOX.appid,
      secret: ACCOUNT_OF_SANDBOX.secret,
    },
  })
  const text = logged()
  t.ok(text.split('\n').length > 10, 'there is a log to read')
  for (const [name, value] of Object.entries({
    proof: code,
    ticketSecret: ticket.secret,
    token: body.token,
    accessToken: accessToken.body.access_token,
    msgSignature: push.query['msg_signature'],
    signature: push.query['signature'],
    appSecret: ACCOUNT_OF_SANDBOX.secret,
    pushToken: ACCOUNT_OF_SANDBOX.token,
    aesKey: ACCOUNT_OF_SANDBOX.aesKey,
  })) {
    t.ok(String(value).length > 5, name)
    t.notOk(text.includes(String(value)), `the log has no ${name}`)
  }
  t.notMatch(text, /-----BEGIN|"d":/)
})
