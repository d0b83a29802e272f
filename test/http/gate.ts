import { readdirSync } from 'node:fs'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { createGate } from '../../src/http/gate.ts'
import { startApp } from '../fixtures/app.ts'
import { call, clientOf } from '../fixtures/network/client.ts'

const { url } = await startApp(t, { urlLink: true, corsOrigins: ['https://www.example'] })
const client = clientOf(url)
const port = Number(new URL(url).port)

async function open(t: Test): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  // What is not read hides the end of the connection.
  socket.resume()
  await once(socket, 'connect')
  return socket
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
/** Whether the server ends a connection within so many milliseconds. */
const endsWithin = (socket: Socket, ms: number): Promise<boolean> =>
  Promise.race([once(socket, 'close').then(() => true), sleep(ms, false)])

const descriptors = (): number => readdirSync('/proc/self/fd').length

const skip = process.platform === 'linux' ? false : 'no /proc/self/fd here'
t.test(
  'threat 19: pipelined requests of one connection leave no file open',
  { skip },
  async (t) => {
    const ticket = await client.create()
    const paths = [
      '/',
      '/docs',
      '/docs/style.css',
      '/openapi.json',
      '/widget.js',
      '/page.js',
      '/page.css',
      '/icon.svg',
      '/.well-known/jwks.json',
      '/livez',
      '/readyz',
      '/sandbox/phone',
      '/sandbox/demo.js',
      `/ticket/${ticket.scene}`,
      `/ticket/${ticket.scene}/qrcode`,
      '/no/such/path',
    ]
    // What is made once, and connections that are kept, are there before it is counted.
    for (const path of paths) await call(url + path)
    await Promise.all(Array.from({ length: 20 }, () => call(`${url}/readyz`)))
    const before = descriptors()
    for (const path of paths) {
      const socket = await open(t)
      socket.write(get(path).repeat(500))
      await Promise.race([once(socket, 'close'), sleep(300)])
      socket.destroy()
    }
    await sleep(1_000)
    t.ok(descriptors() <= before + 20, `${before} descriptors before, ${descriptors()} after`)
    t.equal((await call(`${url}/livez`)).status, 200)
  },
)

t.test('a connection with more than a few requests in flight is dropped', async (t) => {
  const socket = await open(t)
  socket.write(get('/livez').repeat(9))
  t.ok(await endsWithin(socket, 2_000))
  const polite = await open(t)
  polite.write(get('/livez').repeat(3))
  const [chunk] = (await once(polite, 'data')) as [Buffer]
  t.match(String(chunk), /^HTTP\/1\.1 200/)
  t.notOk(await endsWithin(polite, 200), 'three at a time are fine')
})

t.test('one request after the other may go on for as long as it likes', async (t) => {
  const socket = await open(t)
  for (let i = 0; i < 30; i++) {
    socket.write(get('/livez'))
    await once(socket, 'data')
  }
  t.notOk(await endsWithin(socket, 100))
})

t.test('half-sent headers and slow bodies end in time', async (t) => {
  const headers = await open(t)
  headers.write('GET /livez HTTP/1.1\r\nHost:')
  const silent = await open(t)
  const body = await open(t)
  body.write(
    'POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n',
  )
  const drip = setInterval(() => body.write(' '), 1_000)
  t.teardown(() => clearInterval(drip))
  const ends = await Promise.all([
    endsWithin(headers, 10_000),
    endsWithin(silent, 10_000),
    endsWithin(body, 16_000),
  ])
  t.strictSame(ends, [true, true, true])
})

t.test(
  'an answer that is not read ends its connection, one that is read slowly does not',
  async (t) => {
    const gate = createGate()
    const app = Fastify({ serverFactory: gate.serverFactory })
    t.teardown(() => app.close())
    // More than the kernel's buffers take.
    const large = Buffer.alloc(32 * 1024 * 1024)
    app.get('/large', (_request, reply) => reply.send(large))
    await app.listen({ host: '127.0.0.1', port: 0 })
    const [address] = app.addresses()
    const to = address as { port: number }

    const [stuck, slow] = [connect(to.port, '127.0.0.1'), connect(to.port, '127.0.0.1')]
    for (const socket of [stuck, slow]) {
      socket.on('error', () => {})
      t.teardown(() => socket.destroy())
      socket.write(get('/large'))
    }
    stuck.pause()
    // It reads on, a piece every few milliseconds, and is done long before its time.
    let read = 0
    slow.on('data', (chunk) => {
      read += chunk.length
      slow.pause()
      setTimeout(() => slow.resume(), 2)
    })
    const [ended] = await Promise.all([
      new Promise<number>((resolve) => {
        const began = performance.now()
        const look = setInterval(() => {
          app.server.getConnections((_error, count) => {
            if (count > 1) return
            clearInterval(look)
            resolve(performance.now() - began)
          })
        }, 200)
        t.teardown(() => clearInterval(look))
      }),
      once(slow, 'data'),
    ])
    t.ok(ended < 40_000, `${Math.round(ended)} ms`)
    t.ok(read > 0)
  },
)
