import { createCipheriv } from 'node:crypto'
import t from 'tap'
import { createPushCipher, signatureOf } from '../../../src/wechat/push/crypto.ts'
import { readXml, writeXml } from '../../../src/wechat/push/xml.ts'
import {
  ACCOUNT,
  NOW,
  open,
  plain,
  plainPush,
  refusal,
  scan,
  secure,
  securePush,
} from '../../fixtures/pushes.ts'

t.test('of what is encrypted every bit counts', async (t) => {
  const { query, body } = securePush(scan(), NOW)
  const { Encrypt = '' } = readXml(body)
  const { timestamp = '', nonce = '' } = query
  const bytes = Buffer.from(Encrypt, 'base64')
  const sent = (encrypted: string, sign = true) =>
    refusal(() =>
      open(secure, {
        query: sign
          ? { ...query, msg_signature: signatureOf(ACCOUNT.token, timestamp, nonce, encrypted) }
          : query,
        body: writeXml({ Encrypt: encrypted }),
      }),
    )
  for (let i = 0; i < bytes.length; i++) {
    const flipped = Buffer.from(bytes)
    flipped[i] = (flipped[i] as number) ^ 1
    if (sent(flipped.toString('base64'), false) === 'taken') t.fail(`byte ${i} unsigned`)
    // With the Token alone, without the key, what can be changed is a first block that nobody reads.
    if (i >= 32 && sent(flipped.toString('base64')) === 'taken') t.fail(`byte ${i} signed`)
  }
  for (const wrong of [
    Encrypt.slice(0, -4),
    `${Encrypt}AAAA`,
    Encrypt.replaceAll('+', '-'),
    `${Encrypt.slice(0, 8)} ${Encrypt.slice(8)}`,
    bytes.subarray(0, -16).toString('base64'),
    bytes.subarray(0, 32).toString('base64'),
    'A'.repeat(4 * 16_384),
  ]) {
    if (wrong !== Encrypt) t.not(sent(wrong), 'taken', wrong.slice(0, 20))
  }
})

t.test('padding is 1 to 32, all alike, and the length fits', async (t) => {
  const { decrypt, encrypt } = createPushCipher(ACCOUNT)
  for (let length = 0; length < 70; length++) {
    const message = 'x'.repeat(length)
    t.equal(decrypt(encrypt(message)), message)
  }

  const { appid, aesKey } = ACCOUNT
  const key = Buffer.from(`${aesKey}=`, 'base64')
  /** A message that says it has this length, before this padding. */
  const made = (padding: Buffer, said = 44) => {
    const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(said)
    const content = [Buffer.alloc(16), length, Buffer.from('x'.repeat(44) + appid), padding]
    return Buffer.concat([cipher.update(Buffer.concat(content)), cipher.final()]).toString('base64')
  }
  // 16 + 4 + 44 + 18 are 14 short of a whole block.
  const right = Buffer.alloc(14, 14)
  t.equal(decrypt(made(right)), 'x'.repeat(44))
  for (const [name, padding] of Object.entries({
    'unequal at its beginning': Buffer.from([13, ...right.subarray(1)]),
    'of nothing': Buffer.from([...right.subarray(1), 0]),
    'longer than a block': Buffer.concat([right, Buffer.alloc(32, 46)]),
    'longer than all': Buffer.from([...right.subarray(1), 255]),
  })) {
    t.match(
      refusal(() => decrypt(made(padding))),
      /not encrypted with OA_AES_KEY/,
      name,
    )
  }
  for (const said of [63, 2 ** 31, 2 ** 32 - 1]) {
    t.match(
      refusal(() => decrypt(made(right, said))),
      /longer than what was encrypted/,
      `${said}`,
    )
  }
  t.match(
    refusal(() => decrypt(made(right, 43))),
    /not OA_APPID/,
  )
})

t.test('XML that is no push', async (t) => {
  const deep = (levels: number) => '<a>'.repeat(levels) + '</a>'.repeat(levels)
  for (const [name, xml] of Object.entries({
    'a DOCTYPE': '<!DOCTYPE xml><xml><Event>x</Event></xml>',
    'an external entity':
      '<!DOCTYPE xml [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><Event>&e;</Event></xml>',
    'entities of entities':
      '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><xml><Event>&b;</Event></xml>',
    'an unknown entity': '<xml><Event>&nbsp;</Event></xml>',
    'one element twice': '<xml><Event>a</Event><Event>b</Event></xml>',
    'another root': '<html><Event>a</Event></html>',
    'two roots': '<xml></xml><xml></xml>',
    'an open end': '<xml><Event>',
    '10,000 levels': `<xml>${deep(10_000)}</xml>`,
    'more elements than a push has': `<xml>${Array.from({ length: 100 }, (_, i) => `<a${i}></a${i}>`).join('')}</xml>`,
    'no XML': 'hello',
    nothing: '',
  })) {
    t.not(
      refusal(() => readXml(xml)),
      'taken',
      name,
    )
  }
  t.same(readXml(`<xml><A><B>1</B></A><C> 2 </C></xml>`), { A: '', C: ' 2 ' })
  const notUtf8 = Buffer.concat([
    Buffer.from('<xml><A>'),
    Buffer.from([0xff]),
    Buffer.from('</A></xml>'),
  ])
  const { query } = plainPush('', NOW)
  t.match(
    refusal(() => plain.open(query, notUtf8, NOW)),
    /UTF-8/,
  )
})
