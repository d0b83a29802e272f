import Fastify from 'fastify'
import t from 'tap'
import { errorHandler } from '../../../src/http/plugins/error-handler.ts'
import { jsonBody } from '../../../src/http/plugins/json-body.ts'

const app = Fastify({ bodyLimit: 1024 })
await app.register(errorHandler)
await app.register(jsonBody)
app.post('/', async ({ body }) => ({ body: body === undefined ? 'none' : body }))
t.teardown(() => app.close())

const send = (payload: string | Buffer | undefined, type?: string) =>
  app.inject({
    method: 'POST',
    url: '/',
    ...(payload === undefined ? {} : { payload }),
    headers: type === undefined ? {} : { 'content-type': type },
  })

t.test('JSON in UTF-8 is read, whatever its type is called besides', async (t) => {
  const body = { scene: '微信', list: [1, null, { a: 'b' }] }
  for (const type of [
    'application/json',
    'application/json; charset=utf-8',
    'APPLICATION/JSON;charset=UTF-8',
  ]) {
    t.strictSame((await send(JSON.stringify(body), type)).json(), { body })
  }
})

t.test('nothing at all is no body, also where JSON is announced', async (t) => {
  t.strictSame((await send(undefined)).json(), { body: 'none' })
  t.strictSame((await send('', 'application/json')).json(), { body: 'none' })
})

t.test('a body that is not JSON is refused', async (t) => {
  for (const text of ['{', '{"a":}', "{'a':1}", '{"a":1}x', 'undefined', 'NaN', ' ', '{"a":1,}']) {
    const answer = await send(text, 'application/json')
    t.match(answer.json(), { statusCode: 400, code: 'INVALID_REQUEST' }, text)
  }
})

t.test('bytes that are not UTF-8 are refused, and the reason is named', async (t) => {
  for (const bytes of [
    Buffer.from('7b2261223a22ff227d', 'hex'),
    Buffer.from('{"a":"é"}', 'latin1'),
    Buffer.from('{"a":1}', 'utf16le').swap16(),
    Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]),
    Buffer.from([0x22, 0xc0, 0xaf, 0x22]),
  ]) {
    const answer = await send(bytes, 'application/json')
    t.match(answer.json(), { statusCode: 400, code: 'INVALID_REQUEST' }, bytes.toString('hex'))
  }
  t.match((await send(Buffer.from([0x22, 0xff, 0x22]), 'application/json')).json(), {
    message: /UTF-8/,
  })
})

t.test('keys that reach for a prototype are refused, at any depth', async (t) => {
  for (const text of [
    '{"__proto__":{"admin":true}}',
    '{"a":[{"__proto__":1}]}',
    '{"constructor":{"prototype":{"admin":true}}}',
    '{"a":{"constructor":{"prototype":1}}}',
    '{"\\u005f_proto__":1}',
  ]) {
    t.match((await send(text, 'application/json')).json(), { code: 'INVALID_REQUEST' }, text)
  }
  t.equal(({} as { admin?: boolean }).admin, undefined)
})

t.test('any other type is refused before it is read', async (t) => {
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonx',
    'application/vnd.api+json',
    'application/xml',
    'application/json, text/plain',
    'json',
    '*/*',
  ]) {
    const answer = await send('{}', type)
    t.equal(answer.statusCode, 415, type)
    t.match(answer.json(), { statusCode: 415, code: 'UNSUPPORTED_MEDIA_TYPE' })
  }
})

t.test('a body above the limit is refused, one at the limit is read', async (t) => {
  const padded = (length: number) => `{"a":"${'x'.repeat(length - 8)}"}`
  t.equal((await send(padded(1024), 'application/json')).statusCode, 200)
  const answer = await send(padded(1025), 'application/json')
  t.match(answer.json(), { statusCode: 413, code: 'BODY_TOO_LARGE' })
})
