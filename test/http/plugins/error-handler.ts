import Fastify, { type FastifyRequest } from 'fastify'
import pino from 'pino'
import { once } from 'node:events'
import { STATUS_CODES } from 'node:http'
import { createServer } from 'node:net'
import t from 'tap'
import { AppError, catalogue, type ErrorCode } from '../../../src/errors.ts'
import { clientErrorHandler, frameworkErrors } from '../../../src/http/malformed.ts'
import { toAppError } from '../../../src/http/error-response.ts'
import { errorHandler } from '../../../src/http/plugins/error-handler.ts'
import { rawHttp } from '../../fixtures/network/raw-http.ts'

const lines: { level: number; [key: string]: unknown }[] = []
const log = pino({ level: 'warn' }, { write: (line) => void lines.push(JSON.parse(line)) })

let thrown: unknown
const misses: string[] = []
const app = Fastify({ frameworkErrors: frameworkErrors(log), clientErrorHandler })
await app.register(errorHandler, {
  log,
  onUnknownPath: (request: FastifyRequest) => {
    misses.push(request.url)
    if (misses.length > 3) throw new AppError('RATE_LIMITED', { retryAfter: 9.2 })
  },
})
app.get('/throw', () => Promise.reject(thrown))
app.post('/things/:id', { schema: { body: { type: 'object', required: ['name'] } } }, () => 'ok')
app.delete('/things/:id', () => 'ok')
app.get('/things/:id/.well-known', () => 'ok')
const url = await app.listen({ host: '127.0.0.1', port: 0, listenTextResolver: () => '' })
t.teardown(() => app.close())

async function answerTo(error: unknown, headers: Record<string, string> = {}) {
  thrown = error
  return app.inject({ url: '/throw', headers })
}

t.test('every code of the catalogue has its status and its words, in both languages', async (t) => {
  for (const code of Object.keys(catalogue) as ErrorCode[]) {
    const { status } = catalogue[code]
    for (const [language, accept] of [
      ['en', 'en-GB,en;q=0.9'],
      ['zh', 'zh-CN,zh;q=0.9,en;q=0.8'],
    ] as const) {
      const error = new AppError(code, { detail: 'body/x must be y', cause: new Error('hunter2') })
      const answer = await answerTo(error, { 'accept-language': accept })
      t.equal(answer.statusCode, status, code)
      const { request_id: requestId, ...body } = answer.json()
      t.strictSame(body, {
        statusCode: status,
        code,
        error: STATUS_CODES[status],
        message: catalogue[code][language].replace('{detail}', 'body/x must be y'),
      })
      t.equal(typeof requestId, status >= 500 ? 'string' : 'undefined')
      t.match(answer.headers, {
        'content-type': 'application/json; charset=utf-8',
        'cache-control': 'no-store',
        vary: 'accept-language',
      })
      t.equal(answer.headers['retry-after'] !== undefined, [429, 503].includes(status), code)
      t.equal(answer.headers['www-authenticate'], code === 'BAD_SECRET' ? 'Bearer' : undefined)
      t.notMatch(answer.body, 'hunter2')
    }
  }
})

t.test('the language is the caller’s first of the two, English where there is none', async (t) => {
  for (const [accept, language] of [
    ['zh-Hans-CN', 'zh'],
    ['fr, zh;q=0.5, en;q=0.2', 'zh'],
    ['en, zh', 'en'],
    ['fr', 'en'],
    ['*', 'en'],
    [';;q=', 'en'],
  ] as const) {
    const answer = await answerTo(new AppError('BAD_SECRET'), { 'accept-language': accept })
    t.equal(answer.json().message, catalogue.BAD_SECRET[language], accept)
  }
  t.equal((await answerTo(new AppError('BAD_SECRET'))).json().message, catalogue.BAD_SECRET.en)
})

t.test('what nobody foresaw is INTERNAL, and says nothing about the inside', async (t) => {
  for (const error of [
    new TypeError("Cannot read properties of undefined (reading 'hunter2')"),
    Object.assign(new Error('hunter2'), { statusCode: 503, code: 'hunter2' }),
    Object.assign(new Error('hunter2'), { code: '42P01' }),
    'hunter2',
    { hunter2: true },
    42,
  ]) {
    const answer = await answerTo(error)
    t.equal(answer.statusCode, 500)
    const { request_id: requestId, ...body } = answer.json()
    t.strictSame(body, {
      statusCode: 500,
      code: 'INTERNAL',
      error: 'Internal Server Error',
      message: catalogue.INTERNAL.en,
    })
    t.type(requestId, 'string')
    t.notMatch(answer.body + JSON.stringify(answer.headers), 'hunter2')
  }
})

t.test('a database that cannot be reached is a 503, a wrong statement is not', async (t) => {
  for (const code of ['ECONNREFUSED', 'ECONNRESET', '57P01', '53300', '08006']) {
    t.match(toAppError(Object.assign(new Error('x'), { code })), { code: 'DATABASE_UNAVAILABLE' })
  }
  for (const code of ['23514', '42601', '22021']) {
    t.match(toAppError(Object.assign(new Error('x'), { code })), { code: 'INTERNAL' })
  }
})

t.test('a caller who hangs up in the middle of a body is not a lost database', async (t) => {
  const before = lines.length
  await rawHttp(
    url,
    'POST /things/1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
    { end: true },
  )
  const hungUp = Object.assign(new Error('aborted'), { code: 'ECONNRESET', statusCode: 400 })
  t.match(toAppError(hungUp), { code: 'INVALID_REQUEST' })
  await app.inject('/things/1/.well-known')
  t.strictSame(
    lines.slice(before).filter(({ level }) => level >= 50),
    [],
    'nobody is woken up',
  )
})

t.test(
  'the log has the cause and the advice of what is ours, nothing of what is theirs',
  async (t) => {
    const of = async (error: unknown) => {
      const before = lines.length
      const { request_id: requestId } = (await answerTo(error)).json()
      return { requestId, lines: lines.slice(before) }
    }
    const ours = await of(
      new AppError('WECHAT_MISCONFIGURED', {
        cause: new Error('errcode 40125'),
        action: 'Set WECHAT_SECRET.',
      }),
    )
    t.match(ours.lines, [
      {
        level: 50,
        code: 'WECHAT_MISCONFIGURED',
        action: 'Set WECHAT_SECRET.',
        err: { message: 'errcode 40125', stack: String },
        reqId: ours.requestId,
      },
    ])
    t.strictSame((await of(new AppError('BAD_SECRET'))).lines, [])
  },
)

t.test('a known path with another method is 405, with the ones it answers', async (t) => {
  for (const [path, method, allow] of [
    ['/throw', 'POST', 'GET, HEAD'],
    ['/throw?x=1', 'DELETE', 'GET, HEAD'],
    ['/things/7', 'GET', 'DELETE, POST'],
    ['/things/7', 'PUT', 'DELETE, POST'],
    ['/things/a%20b', 'PATCH', 'DELETE, POST'],
    ['/things/7', 'OPTIONS', 'DELETE, POST'],
  ] as const) {
    const answer = await app.inject({ url: path, method })
    t.equal(answer.statusCode, 405, `${method} ${path}`)
    t.equal(answer.headers.allow, allow)
    t.match(answer.json(), { statusCode: 405, code: 'METHOD_NOT_ALLOWED' })
  }
  t.strictSame(misses, [], 'and is no guess of a stranger')
})

t.test('405 never names the method that it refuses', async (t) => {
  for (const [method, path] of [
    ['GET', '/throw/'],
    ['POST', '/things/7/'],
    ['GET', '/things/7/.well-known/'],
  ] as const) {
    const answer = await app.inject({ method, url: path })
    t.notMatch(answer.headers.allow ?? '', method, `${method} ${path}: ${answer.statusCode}`)
  }
  misses.length = 0
})

t.test('an unknown path is 404, and counts as a guess of its caller', async (t) => {
  for (const path of ['/nothing', '/things', '/things/1/xwell-known']) {
    const answer = await app.inject(path)
    t.equal(answer.statusCode, 404)
    t.match(answer.json(), { statusCode: 404, code: 'NOT_FOUND' })
  }
  t.strictSame(misses, ['/nothing', '/things', '/things/1/xwell-known'])
  const limited = await app.inject('/nothing')
  t.match(limited, { statusCode: 429, headers: { 'retry-after': 10 } }, 'whole seconds, rounded up')
  t.match(limited.json(), { code: 'RATE_LIMITED' })
})

t.test('what the framework or Node refuses has the same form', async (t) => {
  const post = (headers: string, body: string) =>
    `POST /things/1 HTTP/1.1\r\nHost: x\r\n${headers}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  for (const [text, status, code] of [
    ['GET /throw%zz HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'INVALID_REQUEST'],
    ['NONSENSE\r\n\r\n', 400, 'INVALID_REQUEST'],
    [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 400, 'INVALID_REQUEST'],
    [post('Content-Type: application/json', '{}'), 400, 'INVALID_REQUEST'],
    [post('Content-Type: text/csv', 'a,b'), 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ] as const) {
    const answer = await rawHttp(url, text)
    t.equal(answer.status, status)
    t.match(answer.headers, {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
    })
    t.match(JSON.parse(answer.body), { statusCode: status, code, error: STATUS_CODES[status] })
  }
})

t.test('a request that never ends is told so, a connection that is gone is not', async (t) => {
  for (const [code, answered] of [
    ['ERR_HTTP_REQUEST_TIMEOUT', true],
    ['ECONNRESET', false],
  ] as const) {
    const server = createServer((socket) =>
      clientErrorHandler(Object.assign(new Error(code), { code }), socket),
    ).listen(0, '127.0.0.1')
    t.teardown(() => server.close())
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const { status, body } = await rawHttp(`http://127.0.0.1:${port}`, 'POST /ticket HTT')
    t.equal(status, answered ? 400 : 0, code)
    if (answered) t.match(JSON.parse(body), { code: 'INVALID_REQUEST', message: /in time/ })
  }
})
