import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { Agent } from 'undici'
import type { Db } from '../../src/db/pool.ts'
import { signatureOf } from '../../src/wechat/push/crypto.ts'
import { ACCOUNT_OF_SANDBOX, now, scanOf, startDoor } from '../fixtures/official-account.ts'
import { plainPush, securePush } from '../fixtures/pushes.ts'
import { seededRandom } from '../fixtures/random.ts'

/** Pushes that were broken on the way, or on purpose: none breaks anything, none is believed. */

const SEED = Number(process.env['SCENEPASS_SEED'] ?? 20_261_126)
const PUSHES = 1_500
const AT_ONCE = 25
const { token } = ACCOUNT_OF_SANDBOX

type Made = { query: [string, string][]; body: Buffer<ArrayBuffer> }
type Random = () => number

const upTo = (random: Random, n: number): number => Math.floor(random() * n)
const pick = <T>(random: Random, of: readonly T[]): T => of[upTo(random, of.length)] as T
const join = (...parts: (string | Uint8Array)[]): Buffer<ArrayBuffer> =>
  Buffer.concat(parts.map((part) => Buffer.from(part)))
const flipped = (body: Buffer, at: number, random: Random): Buffer<ArrayBuffer> => {
  const bytes = Buffer.from(body)
  bytes[at] = (bytes[at] as number) ^ (1 << upTo(random, 8))
  return bytes
}
const ODD = ['', 'x', '-1', '9'.repeat(400), '\0', '中', '0'.repeat(40), '1e9']

const ofBody: Record<string, (body: Buffer<ArrayBuffer>, random: Random) => Buffer<ArrayBuffer>> = {
  'a byte flipped': (body, random) => flipped(body, upTo(random, body.length), random),
  'cut off': (body, random) => body.subarray(0, upTo(random, body.length)),
  'something put in': (body, random) => {
    const at = upTo(random, body.length)
    const pieces = ['<', '>', '&', ']]>', '<!DOCTYPE x>', '<a/>', '\0', '\u202e', '&#0;', '<?a?>']
    return join(body.subarray(0, at), pick(random, pieces), body.subarray(at))
  },
  'all twice': (body) => join(body, body),
  'its elements twice': (body) =>
    join(String(body).replace(/^<xml>(.*)<\/xml>$/s, '<xml>$1$1</xml>')),
  'another encoding': (body, random) =>
    Buffer.from(String(body), pick(random, ['utf16le', 'base64'])),
  'no text': (_, random) => Buffer.from(Array.from({ length: 300 }, () => upTo(random, 256))),
  huge: (body, random) => join(body, ' '.repeat(upTo(random, 80_000))),
  deep: (_, random) => join('<xml>', '<a>'.repeat(upTo(random, 9_000)), '</xml>'),
  empty: () => Buffer.alloc(0),
}

const ofQuery: Record<string, (query: Made['query'], at: number, random: Random) => Made['query']> =
  {
    changed: (query, at, random) =>
      query.map(([name, value], i) => [name, i === at ? pick(random, ODD) : value]),
    longer: (query, at) => query.map(([name, value], i) => [name, i === at ? `${value}0` : value]),
    twice: (query, at) => [...query, query[at] as [string, string]],
    gone: (query, at) => query.toSpliced(at, 1),
  }
/** What a signature is over, and itself. */
const SIGNED = ['timestamp', 'nonce', 'msg_signature']

const someBody = ({ query, body }: Made, random: Random): Made => ({
  query,
  body: pick(random, Object.values(ofBody))(body, random),
})
const someQuery = ({ query, body }: Made, random: Random, names: string[]): Made => {
  const name = pick(random, names)
  const at = query.findIndex((each) => each[0] === name)
  return { query: pick(random, Object.values(ofQuery))(query, Math.max(at, 0), random), body }
}

/** One byte of the ciphertext changed, or the ciphertext cut off. */
function tampered({ query, body }: Made, random: Random): Made {
  const begin = body.indexOf('<Encrypt><![CDATA[') + 18
  const end = body.indexOf(']]></Encrypt>')
  const at = begin + upTo(random, end - begin)
  if (random() < 0.5) return { query, body: flipped(body, at, random) }
  return { query, body: join(body.subarray(0, at), body.subarray(end)) }
}

/** As who has the Token would sign it. */
function signed({ query, body }: Made): Made {
  const given = Object.fromEntries(query)
  const { timestamp = '', nonce = '' } = given
  const encrypted = /<Encrypt><!\[CDATA\[([^\]]*)\]\]>/.exec(String(body))?.[1] ?? ''
  return {
    query: Object.entries({
      ...given,
      signature: signatureOf(token, timestamp, nonce),
      msg_signature: signatureOf(token, timestamp, nonce, encrypted),
    }),
    body,
  }
}

async function contents(db: Db, scene: string): Promise<string> {
  const ticket = await sql`select * from tickets where scene = ${scene}`.execute(db)
  const tables = ['identities', 'users', 'logins']
  const rows = await Promise.all(
    tables.map((name) => sql`select * from ${sql.table(name)}`.execute(db)),
  )
  return JSON.stringify([ticket, ...rows].map((each) => each.rows))
}

async function mutate(t: Test, isSecure: boolean): Promise<void> {
  const { url, db, create, poll, logged } = await startDoor(t, {
    logLevel: 'warn',
    ...(isSecure ? {} : { aesKey: null }),
  })
  const refusals = () => logged().split('a push was refused').length - 1
  const dispatcher = new Agent({ connections: AT_ONCE })
  t.teardown(() => dispatcher.close())
  const random = seededRandom(SEED)
  const [untouchable, other] = [await create(), await create()]
  const before = await contents(db, untouchable.scene)
  const statuses: Record<string, Record<number, number>> = {}

  const madeOf = (scene: string, of = token): Made => {
    const account = { ...ACCOUNT_OF_SANDBOX, token: of }
    const xml = scanOf(scene)
    const { query, body } = isSecure ? securePush(xml, now(), account) : plainPush(xml, now(), of)
    return { query: Object.entries(query), body: Buffer.from(body) }
  }
  const kinds: Record<string, () => Made> = {
    // Without the Token nothing is taken, whatever is done to it.
    forged: () => someBody(madeOf(untouchable.scene, 'AnotherTokenOfTests'), random),
    'forged, and its query': () =>
      someQuery(madeOf(untouchable.scene, 'AnotherTokenOfTests'), random, [...SIGNED, 'openid']),
    // With it, but changed after it was signed.
    ...(isSecure && {
      tampered: () => tampered(madeOf(untouchable.scene), random),
      'tampered, its query': () => someQuery(madeOf(untouchable.scene), random, SIGNED),
    }),
    // What is authentic may be nonsense; it is read, or it is refused.
    signed: () => signed(someBody(madeOf(other.scene), random)),
  }
  async function send(kind: string, { query, body }: Made): Promise<void> {
    const { statusCode, body: answer } = await dispatcher.request({
      origin: url,
      path: `/wechat/events?${new URLSearchParams(query)}`,
      method: 'POST',
      headers: { 'content-type': 'text/xml' },
      body,
    })
    const text = await answer.text()
    const counts = (statuses[kind] ??= {})
    counts[statusCode] = (counts[statusCode] ?? 0) + 1
    if (statusCode >= 500) t.fail(`${kind}: ${statusCode} ${text}`)
    if (kind !== 'signed' && statusCode === 200) t.fail(`${kind}: taken: ${text}`)
  }

  const names = Object.keys(kinds)
  for (let n = 0; n < PUSHES; n += AT_ONCE) {
    const kind = (i: number) => names[(n + i) % names.length] as string
    await Promise.all(
      Array.from({ length: AT_ONCE }, (_, i) => send(kind(i), (kinds[kind(i)] as () => Made)())),
    )
  }
  t.comment(statuses)
  t.ok((statuses['signed']?.[200] ?? 0) > 0, 'what is still right is taken')
  t.ok((statuses['signed']?.[403] ?? 0) > 0)
  t.notOk(statuses['forged']?.[200])
  t.ok(refusals() < 200, `${refusals()} lines in the log, for thousands of refusals`)
  t.equal(await contents(db, untouchable.scene), before, 'nothing is written')
  t.equal((await poll(untouchable)).status, 200)

  // All of WeChat comes from the address that all of that came from.
  await send('signed', madeOf(untouchable.scene))
  t.equal((await poll(untouchable)).body.status, 'scanned', 'what is right is never limited')
}

t.test(`1,500 mutated pushes in secure mode, seed ${SEED}`, (t) => mutate(t, true))
t.test(`1,500 mutated pushes in plain mode, seed ${SEED}`, (t) => mutate(t, false))
