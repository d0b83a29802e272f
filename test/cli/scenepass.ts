import { createServer, type RequestListener } from 'node:http'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { startChild, temporaryFolder } from '../fixtures/network/child.ts'
import { startApp } from '../fixtures/app.ts'
import { freePort } from '../fixtures/postgres/postgres.ts'
import { root } from '../fixtures/root.ts'

async function run(t: Test, args: string[], env: Record<string, string> = {}) {
  const child = startChild(t, 'src/cli/scenepass.ts', { args, cwd: temporaryFolder(t), env })
  return { status: await child.ended, out: child.stdout(), err: child.stderr() }
}

const COMMANDS = ['start', 'migrate', 'keys', 'clients', 'doctor', 'sandbox', 'health']

t.test('every command says how it is used', async (t) => {
  const [overview, ...each] = await Promise.all([
    run(t, ['--help']),
    ...COMMANDS.map((command) => run(t, [command, '--help'])),
  ])
  t.match(overview, { status: 0, err: '' })
  for (const [i, command] of COMMANDS.entries()) {
    t.match(overview?.out, new RegExp(`^  ${command} .*\\p{Script=Han}`, 'mu'))
    t.match(each[i], { status: 0, out: new RegExp(`^scenepass ${command}\\b`), err: '' })
    t.match(each[i]?.out, /\p{Script=Han}/u)
  }
})

t.test('it says its version', async (t) => {
  const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
  t.same(await run(t, ['--version']), { status: 0, out: `${version}\n`, err: '' })
})

t.test('what it does not understand is one sentence, and status 2', async (t) => {
  const wrong = [
    ['strat'],
    ['--port'],
    ['toString'],
    ['start', 'x'],
    ['migrate', '--now'],
    ['health', 'x'],
  ]
  for (const { status, out, err } of await Promise.all(wrong.map((args) => run(t, args)))) {
    t.same([status, out], [2, ''])
    t.match(err, /^\p{Script=Han}?[^\n]*scenepass[^\n]*\n$/u)
  }
})

/** What a program at a port of its own answers to the check. */
async function healthAt(t: Test, answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  return run(t, ['health'], { PORT: String((server.address() as AddressInfo).port) })
}

t.test('health asks whether the service on this machine can serve', async (t) => {
  const { url } = await startApp(t)
  const { port } = new URL(url)
  const [ready, everywhere, proxied, nobody, unable, other, silent, any] = await Promise.all([
    run(t, ['health'], { PORT: port }),
    run(t, ['health'], { PORT: port, HOST: '0.0.0.0' }),
    run(t, ['health'], { PORT: port, HTTP_PROXY: 'http://127.0.0.1:1', NODE_USE_ENV_PROXY: '1' }),
    run(t, ['health'], { PORT: String(await freePort()) }),
    healthAt(t, (_request, response) =>
      response.writeHead(503).end('{"code":"DATABASE_UNAVAILABLE","message":"It is away."}'),
    ),
    healthAt(t, (_request, response) => response.writeHead(404).end('<h1>Apache</h1>')),
    healthAt(t, () => {}),
    run(t, ['health'], { PORT: '0' }),
  ])
  for (const { status, out, err } of [ready, everywhere, proxied]) {
    t.same([status, err], [0, ''])
    t.match(out, `It can serve: ${url}/readyz\n`)
  }
  for (const [{ status, out, err }, reason] of [
    [nobody, /ECONNREFUSED.*HOST and PORT.*readyz\n$/],
    [unable, /answered 503 DATABASE_UNAVAILABLE: It is away\.\n$/],
    [other, /answered 404 .*another program/],
    [silent, /No answer within 5 seconds: /],
    [any, /PORT must be the port that the service listens on, not "0"/],
  ] as const) {
    t.same([status, out], [1, ''])
    t.match(err, reason)
    t.match(err, /^[^\n]*\n$/, 'one line')
  }
})
