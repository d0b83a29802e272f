import Fastify from 'fastify'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import t from 'tap'
import { createAsset, sendAsset } from '../../src/http/asset.ts'

const TEXT = 'Everything a browser loads is the same text. '.repeat(50)

const app = Fastify()
t.teardown(() => app.close())
const asset = createAsset(TEXT, 'text/plain; charset=utf-8', 'public, max-age=600')
app.get('/asset', (request, reply) => {
  reply.header('vary', 'origin')
  return sendAsset(asset, request, reply)
})

const get = (headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') =>
  app.inject({ method, url: '/asset', headers })

t.test('it is as small as the caller can read', async (t) => {
  for (const [accepted, coding, read] of [
    ['gzip, deflate, br, zstd', 'br', brotliDecompressSync],
    ['gzip, deflate', 'gzip', gunzipSync],
    ['gzip;q=1, br;q=0', 'gzip', gunzipSync],
    ['*', 'br', brotliDecompressSync],
    ['deflate', undefined, Buffer.from],
    ['identity', undefined, Buffer.from],
    ['', undefined, Buffer.from],
  ] as const) {
    const answer = await get({ 'accept-encoding': accepted })
    t.equal(answer.statusCode, 200, accepted)
    t.equal(answer.headers['content-encoding'], coding, accepted)
    t.equal(String(read(answer.rawPayload)), TEXT)
    t.equal(answer.headers['content-length'], String(answer.rawPayload.length))
    t.equal(answer.headers['vary'], 'origin, accept-encoding')
    t.equal(answer.headers['content-type'], 'text/plain; charset=utf-8')
    t.equal(answer.headers['cache-control'], 'public, max-age=600')
    t.ok(coding === undefined || answer.rawPayload.length < TEXT.length / 5)
  }
  t.equal((await get()).headers['content-encoding'], undefined, 'nothing said')
})

t.test('what a caller has already is not sent again', async (t) => {
  const tags = new Set<string>()
  for (const coding of ['br', 'gzip', 'identity']) {
    const known = String((await get({ 'accept-encoding': coding })).headers['etag'])
    t.match(known, /^"[\w-]+"$/, 'a strong tag')
    tags.add(known)
    for (const header of [known, `W/${known}`, `"x", ${known}`, `"x",${known},"y"`, '*']) {
      const answer = await get({ 'accept-encoding': coding, 'if-none-match': header })
      t.equal(answer.statusCode, 304, header)
      t.equal(answer.body, '')
      t.match(answer.headers, {
        etag: known,
        'cache-control': 'public, max-age=600',
        vary: 'origin, accept-encoding',
        'content-encoding': undefined,
        'content-type': undefined,
      })
    }
    for (const header of ['"x"', known.slice(1, -1), known.slice(0, -2), '']) {
      const answer = await get({ 'accept-encoding': coding, 'if-none-match': header })
      t.equal(answer.statusCode, 200, header)
    }
  }
  t.equal(tags.size, 3, 'other bytes, another tag')
  t.not(createAsset(`${TEXT}!`, 'text/plain').hash, asset.hash)
})

t.test('HEAD says what GET would', async (t) => {
  for (const coding of ['br', 'gzip', 'identity']) {
    const [whole, head] = [
      await get({ 'accept-encoding': coding }),
      await get({ 'accept-encoding': coding }, 'HEAD'),
    ]
    t.equal(head.statusCode, 200)
    t.equal(head.body, '')
    for (const name of ['etag', 'content-length', 'content-encoding', 'content-type', 'vary']) {
      t.equal(head.headers[name], whole.headers[name], name)
    }
    const known = { 'accept-encoding': coding, 'if-none-match': String(whole.headers['etag']) }
    t.equal((await get(known, 'HEAD')).statusCode, 304)
  }
})

t.test('it is asked for each time, unless its maker says otherwise', async (t) => {
  t.equal(createAsset(TEXT, 'text/plain').cacheControl, 'no-cache')
})
