import { createServer, type RequestListener } from 'node:http'
import { createServer as createSocketServer, type AddressInfo, type Server } from 'node:net'
import { inspect } from 'node:util'
import t, { type Test } from 'tap'
import { createTransport, type WechatRequest } from '../../src/wechat/transport.ts'
import { mockWechat } from '../fixtures/network/mocked-wechat.ts'

const get: WechatRequest = {
  method: 'GET',
  path: '/sns/jscode2session',
  query: { secret: 'top secret/+', js_code: 'c0de' },
  idempotent: false,
  secrets: ['top secret/+', 'c0de'],
}
const post: WechatRequest = {
  method: 'POST',
  path: '/cgi-bin/stable_token',
  body: { secret: 'top secret/+' },
  idempotent: true,
  secrets: ['top secret/+'],
}

async function listen(t: Test, server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function serve(t: Test, listener: RequestListener, path = '') {
  const server = createServer(listener)
  const apiBase = (await listen(t, server)) + path
  const transport = createTransport({ apiBase })
  t.teardown(async () => {
    await transport.close()
    server.closeAllConnections()
  })
  return transport
}

t.test('it sends what it is told, below the path of the base', async (t) => {
  const seen: object[] = []
  const transport = await serve(
    t,
    (request, response) => {
      let body = ''
      request.on('data', (chunk) => (body += chunk))
      request.on('end', () => {
        const { method, url, headers } = request
        seen.push({ method, url, type: headers['content-type'], body })
        response.setHeader('content-type', 'text/plain').end('answer')
      })
    },
    '/sandbox/wechat',
  )
  t.equal(String(await transport.send(get, 2000)), 'answer')
  t.equal(String(await transport.send(post, 2000)), 'answer')
  t.same(seen, [
    {
      method: 'GET',
      url: '/sandbox/wechat/sns/jscode2session?secret=top+secret%2F%2B&js_code=c0de',
      type: undefined,
      body: '',
    },
    {
      method: 'POST',
      url: '/sandbox/wechat/cgi-bin/stable_token',
      type: 'application/json',
      body: '{"secret":"top secret/+"}',
    },
  ])
})

t.test('a server that never answers is WECHAT_TIMEOUT', async (t) => {
  const transport = await serve(t, () => {})
  await t.rejects(transport.send(post, 50), {
    code: 'WECHAT_TIMEOUT',
    action: /WECHAT_TIMEOUT_MS/,
    cause: { name: 'WechatOutage' },
  })
})

t.test('a body that does not end is WECHAT_TIMEOUT', async (t) => {
  const transport = await serve(t, (_, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('{"errcode":')
  })
  await t.rejects(transport.send(post, 100), { code: 'WECHAT_TIMEOUT' })
})

t.test('a body that drips for ever is WECHAT_TIMEOUT', async (t) => {
  const transport = await serve(t, (_, response) => {
    const drip = setInterval(() => response.write(' '), 10)
    response.on('close', () => clearInterval(drip))
  })
  await t.rejects(transport.send(post, 150), { code: 'WECHAT_TIMEOUT' })
})

t.test('a body beyond 1 MiB is WECHAT_ERROR, announced or not', async (t) => {
  const announced = await serve(t, (_, response) => response.end(Buffer.alloc(1024 * 1024 + 1)))
  await t.rejects(announced.send(post, 2000), { code: 'WECHAT_ERROR', cause: /larger/ })
  const chunked = await serve(t, (_, response) => {
    response.write(Buffer.alloc(1024 * 1024))
    response.end('x')
  })
  await t.rejects(chunked.send(post, 2000), { code: 'WECHAT_ERROR', cause: /larger/ })
  const largest = await serve(t, (_, response) => response.end(Buffer.alloc(1024 * 1024)))
  t.equal((await largest.send(post, 2000)).length, 1024 * 1024)
})

t.test('the limit holds with a dispatcher from outside', async (t) => {
  const large = { data: Buffer.alloc(1024 * 1024 + 1) }
  const { dispatcher } = mockWechat({ [post.path]: () => large })
  const transport = createTransport({ apiBase: 'https://api.weixin.qq.com', dispatcher })
  await t.rejects(transport.send(post, 2000), { code: 'WECHAT_ERROR', cause: /larger/ })
})

t.test('HTTP 5xx is WECHAT_BUSY and an outage', async (t) => {
  for (const status of [500, 502, 503, 504]) {
    const transport = await serve(t, (_, response) =>
      response.writeHead(status).end('{"errcode":0}'),
    )
    await t.rejects(transport.send(post, 2000), {
      code: 'WECHAT_BUSY',
      cause: { name: 'WechatOutage', message: `HTTP ${status}` },
    })
  }
})

t.test('any other status is WECHAT_ERROR, and a redirect is not followed', async (t) => {
  for (const status of [201, 204, 301, 302, 307, 308, 400, 401, 403, 404, 429]) {
    let requests = 0
    const transport = await serve(t, (_, response) => {
      requests += 1
      response.writeHead(status, { location: '/elsewhere' }).end()
    })
    await t.rejects(transport.send(post, 2000), {
      code: 'WECHAT_ERROR',
      action: /WECHAT_API_BASE/,
      cause: { name: 'Error', message: `HTTP ${status}` },
    })
    t.equal(requests, 1)
  }
})

t.test('a connection that is refused is WECHAT_BUSY', async (t) => {
  const server = createServer()
  const apiBase = await listen(t, server)
  await new Promise((resolve) => server.close(resolve))
  const transport = createTransport({ apiBase })
  t.teardown(() => transport.close())
  await t.rejects(transport.send(post, 2000), { code: 'WECHAT_BUSY', cause: /ECONNREFUSED/ })
})

t.test('an answer that is cut off is WECHAT_BUSY', async (t) => {
  const transport = await serve(t, (_, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('half', () => response.destroy())
  })
  await t.rejects(transport.send(post, 2000), { code: 'WECHAT_BUSY' })
})

t.test('an answer that is not HTTP is WECHAT_ERROR, and its text goes nowhere', async (t) => {
  const server = createSocketServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end('SMTP top secret/+ c0de\r\n\r\n'))
  })
  const transport = createTransport({ apiBase: await listen(t, server) })
  t.teardown(() => transport.close())
  const error = await transport.send(get, 2000).catch((reason: unknown) => reason)
  t.match(error, { code: 'WECHAT_ERROR', action: /WECHAT_API_BASE/ })
  t.notMatch(inspect(error, { depth: 9, showHidden: true }), /SMTP|top secret|c0de/)
})

t.test(
  'a GET that is not to be repeated is sent once, also over a connection in use',
  async (t) => {
    const requests: string[] = []
    const transport = await serve(t, (request, response) => {
      requests.push(request.url ?? '')
      if (request.url === '/warm') response.end('ok')
      else request.socket.resetAndDestroy()
    })
    await t.rejects(transport.send(get, 2000), { code: 'WECHAT_BUSY' })
    t.equal(requests.length, 1)
    await transport.send({ method: 'GET', path: '/warm', idempotent: true, secrets: [] }, 2000)
    requests.length = 0
    await t.rejects(transport.send(get, 2000), { code: 'WECHAT_BUSY' })
    t.equal(requests.length, 1)
  },
)

t.test('no error repeats a secret, plain or as it stood in the URL', async (t) => {
  const { dispatcher } = mockWechat({
    [get.path]: () =>
      new Error('GET /?secret=top+secret%2F%2B top%20secret%2F%2B top secret/+ c0de'),
  })
  const transport = createTransport({ apiBase: 'https://api.weixin.qq.com', dispatcher })
  const error = await transport.send(get, 2000).catch((reason: unknown) => reason)
  t.match(error, { code: 'WECHAT_BUSY', cause: /GET/ })
  t.notMatch(inspect(error, { depth: 9, showHidden: true }), /top.*secret|c0de/)
  const unknown = await transport.send({ ...get, path: '/nowhere' }, 2000).catch((e: unknown) => e)
  t.match(unknown, { code: 'WECHAT_BUSY' })
  t.notMatch(inspect(unknown, { depth: 9, showHidden: true }), /top.*secret|c0de/)
})

t.test('close ends what is under way', async (t) => {
  let arrived = () => {}
  const asked = new Promise<void>((resolve) => (arrived = resolve))
  const transport = await serve(t, () => arrived())
  const rejected = t.rejects(transport.send(post, 10_000), { code: 'WECHAT_BUSY' })
  await asked
  await transport.close()
  await rejected
})

t.test('an answer ends its limit: no timer is left', async (t) => {
  const transport = await serve(t, (_, response) => response.end('{"errcode":0}'))
  await transport.send(post, 2000)
  const timersOf = () =>
    process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = timersOf()
  for (let i = 0; i < 5; i++) await transport.send(post, 60_000)
  t.equal(timersOf(), before)
})
