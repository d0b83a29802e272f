import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type LookupFunction } from 'node:net'
import { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { createTransport, type WechatRequest } from '../../src/wechat/transport.ts'
import { createMiniProgram } from '../../src/wechat/mini-program.ts'
import { createRecordedLog } from '../fixtures/network/recorded-log.ts'

/** No connection, and no answer, are two things: found 03. */

const login: WechatRequest = {
  method: 'GET',
  path: '/sns/jscode2session',
  idempotent: false,
  secrets: [],
}

/** Names that have these addresses, in this order. */
const lookupOf =
  (...addresses: string[]): LookupFunction =>
  (_name, _options, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    )

/**
 * A server whose hand-shakes take a second, as those of the far side of the world on a bad day: its
 * queue is full, so the first packet is lost, and the system sends another one a second later.
 */
async function farServer(t: Test): Promise<number> {
  const worker = new Worker(
    `
    const { createServer } = require('node:http')
    const { parentPort, workerData } = require('node:worker_threads')
    const server = createServer((_, response) => response.end('answer'))
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      parentPort.postMessage(server.address().port)
      Atomics.wait(workerData, 0, 0)
    })`,
    { eval: true, workerData: gate },
  )
  t.teardown(() => worker.terminate())
  const [port] = (await once(worker, 'message')) as [number]
  for (let filled = 0; filled < 4; filled++) {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    t.teardown(() => socket.destroy())
    if (filled < 2) await once(socket, 'connect')
  }
  return port
}
const gate = new Int32Array(new SharedArrayBuffer(4))

t.test('an address has more than a second, also where others of its name are dead', async (t) => {
  const port = await farServer(t)
  setTimeout(() => (Atomics.store(gate, 0, 1), Atomics.notify(gate, 0)), 600)
  const transport = createTransport({
    apiBase: `http://far.example:${port}`,
    // Nothing listens on the second: taken too early, it is the end.
    lookup: lookupOf('127.0.0.1', '127.0.0.2'),
  })
  t.teardown(() => transport.close())
  const began = performance.now()
  t.equal(String(await transport.send(login, 5_000)), 'answer')
  t.ok(performance.now() - began > 300, 'it did take longer than Node gives an address')
})

t.test('no connection in time is told as that, within the limit, and is no timeout', async (t) => {
  Atomics.store(gate, 0, 0)
  const port = await farServer(t)
  const transport = createTransport({ apiBase: `http://127.0.0.1:${port}` })
  t.teardown(() => transport.close())
  const began = performance.now()
  await t.rejects(transport.send(login, 300), {
    code: 'WECHAT_BUSY',
    action: /reaches WECHAT_API_BASE/,
    cause: { message: `could not connect to 127.0.0.1:${port} within 300 ms`, hasLeft: false },
  })
  t.ok(performance.now() - began < 5_000)
})

t.test('every address is in the reason, where none can be reached', async (t) => {
  const transport = createTransport({
    apiBase: 'http://dead.example:9',
    lookup: lookupOf('127.0.0.1', '127.0.0.2'),
  })
  t.teardown(() => transport.close())
  await t.rejects(transport.send(login, 2_000), {
    code: 'WECHAT_BUSY',
    cause: { message: /^could not connect to dead\.example:9: .*127\.0\.0\.1:9.*127\.0\.0\.2:9/ },
  })
})

t.test('a login code that never left is sent again, at once and later', async (t) => {
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.end('{"openid":"an-openid","session_key":"x"}')
  })
  const asked: string[] = []
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  const miniProgram = createMiniProgram({
    appid: 'wx0123456789abcdef',
    secret: '0123456789abcdef0123456789abcdef',
    apiBase: `http://127.0.0.1:${port}`,
    timeoutMs: 2_000,
    log: createRecordedLog().log,
    page: 'pages/login/login',
    envVersion: 'release',
    checkPath: true,
    codeWidth: 430,
  })
  t.teardown(() => miniProgram.close())
  t.teardown(() => server.close())
  await t.rejects(miniProgram.codeToSession('a-login-code'), { code: 'WECHAT_BUSY' })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  t.match(await miniProgram.codeToSession('a-login-code'), { openid: 'an-openid' })
  server.closeAllConnections()
  t.equal(asked.length, 1)
})
