import t from 'tap'
import { AppError } from '../../../src/errors.ts'
import { startApp } from '../../fixtures/app.ts'
import { call, clientOf } from '../../fixtures/network/client.ts'
import { postgresUrl } from '../../fixtures/postgres/database.ts'
import { codeAnswers, eachSituation } from '../../fixtures/tickets/each-situation.ts'

const databaseUrl = await postgresUrl(t)
const { url, db } = await startApp(t, { databaseUrl })
const client = clientOf(url)
const { create } = client

const codeCalls = async (): Promise<number> =>
  (await call(`${url}/sandbox/calls`)).body.getwxacodeunlimit as number

async function fetchCode(base: string, ticket: { scene: string }, accept?: string) {
  const response = await fetch(`${base}/ticket/${ticket.scene}/qrcode`, {
    headers: accept === undefined ? {} : { accept },
  })
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    headers: response.headers,
    bytes: Buffer.from(await response.arrayBuffer()),
  }
}

t.test('the code is raw bytes unless the caller asks for JSON first', async (t) => {
  const ticket = await create()
  const raw = [
    undefined,
    '*/*',
    'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8',
    'image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5',
    'image/webp,image/avif,image/jxl,image/heic,image/heic-sequence,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5',
    'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'image/png',
    'application/json;q=0.5, image/png',
    'nonsense',
  ]
  const images = []
  for (const accept of raw) {
    const answer = await fetchCode(url, ticket, accept)
    t.match(answer, { status: 200, type: 'image/png' }, `Accept: ${accept}`)
    t.equal(answer.headers.get('vary'), '*')
    t.equal(answer.headers.get('cache-control'), 'no-store')
    t.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    images.push(answer.bytes.toString('base64'))
  }
  t.match(Buffer.from(images[0] ?? '', 'base64').subarray(0, 8), [0x89, 0x50, 0x4e, 0x47])
  for (const accept of ['application/json', 'application/json, text/plain, */*;q=0.5']) {
    const answer = await fetchCode(url, ticket, accept)
    t.match(answer, { status: 200, type: /^application\/json/ }, `Accept: ${accept}`)
    t.equal(answer.headers.get('vary'), '*')
    t.equal(answer.headers.get('cache-control'), 'no-store')
    t.strictSame(JSON.parse(answer.bytes.toString()), {
      content_type: 'image/png',
      data: images[0],
    })
  }
  t.equal(new Set(images).size, 1)
})

t.test('asked again, on any instance, it costs no second call to WeChat', async (t) => {
  const other = await startApp(t, { databaseUrl })
  const ticket = await create()
  const before = await codeCalls()
  const first = await fetchCode(url, ticket)
  const again = [await fetchCode(url, ticket), await fetchCode(other.url, ticket)]
  for (const { status, type, bytes } of again) {
    t.match([status, type], [200, 'image/png'])
    t.ok(bytes.equals(first.bytes))
  }
  t.equal(await codeCalls(), before + 1)
  t.equal((await call(`${other.url}/sandbox/calls`)).body.getwxacodeunlimit, 0)
})

t.test('however many ask at the same moment, WeChat is asked once', async (t) => {
  const ticket = await create()
  const before = await codeCalls()
  const answers = await Promise.all(Array.from({ length: 20 }, () => fetchCode(url, ticket)))
  for (const { status, bytes } of answers) {
    t.equal(status, 200)
    t.ok(bytes.equals(answers[0]?.bytes ?? Buffer.alloc(0)))
  }
  t.equal(await codeCalls(), before + 1)
})

t.test('the code of a ticket that is not pending any more is gone', async (t) => {
  const seen = await create()
  await fetchCode(url, seen)
  await client.scan(seen, 'alice')
  t.equal((await fetchCode(url, seen)).status, 410, 'also one that had been made')
  await eachSituation(t, db, codeAnswers, async (t, { scene }, code) => {
    const before = await codeCalls()
    const answer = await call(`${url}/ticket/${scene}/qrcode`, { headers: { accept: 'image/png' } })
    t.equal(answer.headers.get('cache-control'), 'no-store')
    if (code === 'ok') return void t.equal(answer.status, 200)
    t.match(answer, { status: 410, body: { statusCode: 410, code, error: 'Gone' } })
    t.equal(await codeCalls(), before, 'and WeChat is not asked')
  })
})

t.test('the type is what the bytes are', async (t) => {
  const bytes = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3])
  const wechat = { codeImage: async () => ({ contentType: 'image/jpeg', bytes }) }
  const other = await startApp(t, { databaseUrl, wechat: wechat as never })
  const ticket = await create()
  const raw = await fetchCode(other.url, ticket)
  t.match([raw.status, raw.type], [200, 'image/jpeg'])
  t.ok(raw.bytes.equals(bytes))
  const json = await fetchCode(other.url, ticket, 'application/json')
  t.strictSame(JSON.parse(json.bytes.toString()), {
    content_type: 'image/jpeg',
    data: bytes.toString('base64'),
  })
})

t.test(
  'a failure of WeChat is told as JSON, is not kept, and leaves the ticket alone',
  async (t) => {
    let failure: AppError | null = null
    const bytes = Buffer.from([0xff, 0xd8, 0xff, 0xe0])
    const wechat = {
      codeImage: async () => {
        if (failure) throw failure
        return { contentType: 'image/jpeg', bytes }
      },
    }
    const other = await startApp(t, { databaseUrl, wechat: wechat as never })
    const ticket = await create()
    for (const [code, status] of [
      ['WECHAT_ERROR', 502],
      ['WECHAT_MISCONFIGURED', 502],
      ['WECHAT_BUSY', 503],
      ['WECHAT_TIMEOUT', 504],
    ] as const) {
      failure = new AppError(code, { cause: new Error('errcode 40125 hunter2') })
      const answer = await call(`${other.url}/ticket/${ticket.scene}/qrcode`, {
        headers: { accept: 'image/*' },
      })
      t.match(answer, { status, body: { statusCode: status, code, request_id: String } })
      t.equal(answer.headers.get('cache-control'), 'no-store')
      t.equal(answer.headers.get('retry-after') !== null, status === 503)
      t.notMatch(JSON.stringify(answer.body), /40125|hunter2/)
    }
    failure = null
    t.equal((await fetchCode(other.url, ticket)).status, 200)
  },
)
