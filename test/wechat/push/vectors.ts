import t from 'tap'
import { createPushCipher, signatureOf } from '../../../src/wechat/push/crypto.ts'
import { createPushes } from '../../../src/wechat/push/push.ts'
import { isScene } from '../../fixtures/pushes.ts'

/** Numbers that WeChat's own pages and the public tests of other libraries have. */

const OFFICIAL = {
  appid: 'wxba5fad812f8e6fb9',
  token: 'AAAAA',
  aesKey: 'A'.repeat(43),
  isScene,
}
const DEMO = { appid: 'wxb11529c136998cb6', aesKey: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG' }
const fixed = (text: string) => () => Buffer.from(text)

const C =
  '+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04='
const G =
  'uMMzGtqcnpOzXOYBwDQNrdJ31qyPhneVFd5kwQ7uhOITuOkFioh5uAJbbQTMqf+C/2Aj5cVCAUy1ENiJB0qpnuZCrlCOnTYoB1oBgPP+KPFD7HsugPe9H4ZZ6bN8BW5qJVLWi2EZl38kIxuNyRqUoyALzm4UEiLlwlxakWZR/ksH0G67Tbl++Lbx0c5EQBXCphQnMdfxco5xj+N+UbMrbQsgsxzRVjqt5SqvD0Y66fhShvBPJCBe/p0I19HAXl/HqgnG5Sa756kVYKLX5z2G7s1AeQnOoN+MHPGgxbU/ArjwghGujAHZBNV67ezqd7kKLUaD6XkOSm80UT8SNlJcHwyndwQVngIlf5+j2I3C0n5Ud9EWgsZtgYQD93b29otzzrE3ZHtdzkDZAM7G7Yjpr+7X9nijmFKbZ7Wh+S9yxyaWOp5PGgOzeqvY/0faGMichpurk43vJrYkmDDnoCkvCw=='
const SCAN =
  '<xml><ToUserName><![CDATA[gh_97417a04a28d]]></ToUserName><FromUserName><![CDATA[o9AgO5Kd5ggOC-bXrbNODIiE3bGY]]></FromUserName><CreateTime>1714112445</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[SCAN]]></Event><EventKey><![CDATA[V1StGXR8_Z5jdHi6B-myTk]]></EventKey></xml>'

t.test('signatures of plain pushes and of the URL', async (t) => {
  t.equal(
    signatureOf('AAAAA', '1714036504', '1514711492'),
    'f464b24fc39322e44b38aa78f5edd27bd1441696',
  )
  t.equal(
    signatureOf('AAAAA', '1714037059', '486452656'),
    '899cf89e464efb63f54ddac96b0a0a235f53aa78',
  )
  const { verify } = createPushes(OFFICIAL)
  const query = {
    signature: 'f464b24fc39322e44b38aa78f5edd27bd1441696',
    timestamp: '1714036504',
    nonce: '1514711492',
    echostr: '4375120948345356249',
  }
  t.equal(verify(query, 1714036504), '4375120948345356249')
})

t.test('an encrypted push of WeChat, with its signature', async (t) => {
  t.equal(
    signatureOf('AAAAA', '1714112445', '415670741', C),
    '046e02f8204d34f8ba5fa3b1db94908f3df2e9b3',
  )
  t.equal(
    signatureOf('AAAAA', '1714112445', '415670741'),
    '6c5c811b55cc85e0e1b54100749188c20beb3f5d',
  )
  const message = createPushCipher(OFFICIAL).decrypt(C)
  t.equal(Buffer.byteLength(message), 167)
  const cipher = createPushCipher({ ...OFFICIAL, random: fixed('a8eedb185eb2fecf') })
  t.equal(cipher.encrypt(message), C, 'and back')
})

t.test('an encrypted reply of WeChat’s page, with its signature', async (t) => {
  const D =
    'ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=='
  const cipher = createPushCipher({ ...OFFICIAL, random: fixed('707722b803182950') })
  t.equal(cipher.encrypt('{"demo_resp":"good luck"}'), D)
  t.equal(cipher.decrypt(D), '{"demo_resp":"good luck"}')
  t.equal(
    signatureOf('AAAAA', '1713424427', '415670741', D),
    '1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1',
  )
})

t.test('the demo account of the public tests', async (t) => {
  const F =
    'jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg=='
  const cipher = createPushCipher({ ...DEMO, random: fixed('aaaabbbbccccdddd') })
  t.equal(cipher.encrypt('我是中文abcd123'), F)
  t.equal(cipher.decrypt(F), '我是中文abcd123')
  // The last character's two low bits belong to no byte.
  const other = createPushCipher({ ...DEMO, aesKey: DEMO.aesKey.replace(/G$/, 'E') })
  t.equal(other.decrypt(F), '我是中文abcd123')
})

t.test('a scan, encrypted', async (t) => {
  const cipher = createPushCipher({ ...OFFICIAL, random: fixed('0123456789abcdef') })
  t.equal(Buffer.byteLength(SCAN), 289)
  t.equal(cipher.encrypt(SCAN), G)
  const { open } = createPushes(OFFICIAL)
  const query = {
    timestamp: '1714112445',
    nonce: '415670741',
    msg_signature: 'acb103c221f20a014ffdfbce3d4be01eabdb1577',
  }
  const body = `<xml><ToUserName><![CDATA[gh_97417a04a28d]]></ToUserName><Encrypt><![CDATA[${G}]]></Encrypt></xml>`
  t.same(open(query, Buffer.from(body), 1714112445).event, {
    kind: 'scan',
    openid: 'o9AgO5Kd5ggOC-bXrbNODIiE3bGY',
    scene: 'V1StGXR8_Z5jdHi6B-myTk',
  })
})
