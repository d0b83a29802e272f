import t from 'tap'
import { readXml } from '../../../src/wechat/push/xml.ts'
import {
  ACCOUNT,
  eventXml,
  NOW,
  open,
  OPENID,
  plain,
  plainPush,
  readReply,
  refusal,
  scan,
  SCENE,
  secure,
  securePush,
} from '../../fixtures/pushes.ts'

t.test('what a person did, as WeChat pushes it', async (t) => {
  for (const [Event, EventKey, event] of [
    ['SCAN', SCENE, { kind: 'scan', scene: SCENE }],
    ['scan', SCENE, { kind: 'scan', scene: SCENE }],
    ['SCAN', 'someone-elses-code', { kind: 'scan', scene: null }],
    ['SCAN', 'x'.repeat(65), { kind: 'scan', scene: null }],
    ['subscribe', `qrscene_${SCENE}`, { kind: 'follow', scene: SCENE }],
    ['subscribe', `qrscene_qrscene_${SCENE}`, { kind: 'follow', scene: `qrscene_${SCENE}` }],
    ['subscribe', '', { kind: 'follow', scene: null }],
    ['subscribe', 'scanbarcode|1234', { kind: 'follow', scene: null }],
    ['subscribe', SCENE, { kind: 'follow', scene: null }],
    ['SCAN', `qrscene_${SCENE}`, { kind: 'scan', scene: `qrscene_${SCENE}` }],
    ['unsubscribe', '', { kind: 'unfollow' }],
    ['CLICK', SCENE, null],
    ['LOCATION', '', null],
  ] as const) {
    const expected = event && { ...event, openid: OPENID }
    const xml = scan({ Event, EventKey })
    t.same(open(secure, securePush(xml, NOW)).event, expected, `${Event} ${EventKey}`)
    t.same(open(plain, plainPush(xml, NOW)).event, expected, `${Event} ${EventKey}, plain`)
  }
  const text = scan({
    MsgType: 'text',
    Content: '<!DOCTYPE html>'.repeat(300),
    MsgId: '9007199254740993',
  })
  t.equal(open(secure, securePush(text, NOW)).event, null, 'a message, whatever is in it')
})

t.test('with a key set, nothing but an encrypted push is taken', async (t) => {
  t.match(
    refusal(() => open(secure, plainPush(scan(), NOW))),
    /not encrypted/,
  )
  const { query } = securePush(scan(), NOW)
  t.match(
    refusal(() => open(secure, { query, body: scan() })),
    /not encrypted/,
  )

  // Compatible mode: the plain part beside the encrypted one is not read.
  const { query: signed, body } = securePush(scan(), NOW)
  const { Encrypt = '' } = readXml(body)
  const other = eventXml({ CreateTime: NOW, Event: 'unsubscribe', Encrypt })
  t.match(open(secure, { query: signed, body: other }).event, { kind: 'scan', scene: SCENE })

  t.match(
    refusal(() => open(plain, securePush(scan(), NOW))),
    /set OA_AES_KEY/,
  )
})

t.test('the signature, the key and the account are looked at', async (t) => {
  for (const [name, of] of Object.entries({
    token: { ...ACCOUNT, token: 'AnotherTokenOfTests' },
    key: { ...ACCOUNT, aesKey: 'B'.repeat(43) },
    account: { ...ACCOUNT, appid: 'wx00112233445566ab' },
  })) {
    t.not(
      refusal(() => open(secure, securePush(scan(), NOW, of))),
      'taken',
      name,
    )
  }
  const { query, body } = securePush(scan(), NOW)
  for (const name of ['msg_signature', 'timestamp', 'nonce']) {
    const { [name]: _, ...less } = query
    t.not(
      refusal(() => open(secure, { query: less, body })),
      'taken',
      `without ${name}`,
    )
    const twice = { ...query, [name]: [query[name], query[name]] } as never
    t.not(
      refusal(() => open(secure, { query: twice, body })),
      'taken',
      `${name} twice`,
    )
  }
  const { msg_signature, ...unsigned } = query
  t.not(
    refusal(() => open(secure, { query: { ...unsigned, signature: msg_signature ?? '' }, body })),
    'taken',
    'the other signature in its place',
  )
  const { signature, ...plainQuery } = plainPush(scan(), NOW).query
  t.not(
    refusal(() => open(plain, { query: plainQuery, body: scan() })),
    'taken',
  )
  t.match(
    refusal(() =>
      open(plain, { query: { ...plainQuery, signature: `${signature}0` }, body: scan() }),
    ),
    /OA_TOKEN/,
  )
  t.equal(
    open(secure, { query: { ...query, openid: 'o-of-another-person-entirely' }, body }).event
      ?.openid,
    OPENID,
    'the query is not believed about the person',
  )
})

t.test('only what is new is taken, by both of its times', async (t) => {
  for (const [off, taken] of [
    [-301, false],
    [-299, true],
    [299, true],
    [301, false],
  ] as const) {
    const isTaken = (xml: string, at: number) =>
      refusal(() => open(secure, securePush(xml, at))) === 'taken'
    t.equal(isTaken(scan(), NOW + off), taken, `timestamp ${off}`)
    t.equal(isTaken(scan({ CreateTime: NOW + off }), NOW), taken, `CreateTime ${off}`)
  }
  for (const timestamp of ['', '12a', '-1', '1e9', '99999999999', ' 1764000000']) {
    const { query, body } = securePush(scan(), NOW)
    t.match(
      refusal(() => open(secure, { query: { ...query, timestamp }, body })),
      /timestamp/,
    )
  }
  const { query, body } = securePush(scan(), NOW)
  t.match(
    refusal(() => open(secure, { query: { ...query, nonce: '1'.repeat(65) }, body })),
    /nonce/,
  )
})

t.test('an encrypted part that no push of WeChat is as long as is not decrypted', async (t) => {
  const long = scan({ Content: 'x'.repeat(40_000) })
  t.match(
    refusal(() => open(secure, securePush(long, NOW))),
    /Encrypt is too long/,
  )
})

t.test('the URL is verified by a right signature alone', async (t) => {
  const { query } = plainPush('', NOW)
  const asked = { ...query, echostr: '<b>4375120948345356249</b>' }
  t.equal(secure.verify(asked, NOW), asked.echostr)
  t.equal(
    refusal(() => secure.verify({ ...asked, signature: '0'.repeat(40) }, NOW)) === 'taken',
    false,
  )
  t.match(
    refusal(() => secure.verify(asked, NOW + 301)),
    /timestamp/,
  )
  t.match(
    refusal(() => secure.verify({ ...asked, echostr: 'x'.repeat(257) }, NOW)),
    /echostr/,
  )
  t.match(
    refusal(() => secure.verify(query, NOW)),
    /echostr/,
  )
})

t.test(
  'the reply is what WeChat wants: turned round, in seconds, encrypted where the push was',
  async (t) => {
    const text = '登录 A & B？\n<a href="https://login.example/confirm#x">]]></a>'
    const encrypted = open(secure, securePush(scan(), NOW)).reply(text, NOW + 0.5)
    t.equal(readReply(encrypted), text)
    t.notMatch(encrypted, OPENID)
    t.same(readXml(open(plain, plainPush(scan(), NOW)).reply(text, NOW + 0.5)), {
      ToUserName: OPENID,
      FromUserName: 'gh_97417a04a28d',
      CreateTime: String(NOW),
      MsgType: 'text',
      Content: text,
    })
  },
)
