import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { switchLogBySignal } from '../../src/cli/switch-log.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { startChild } from '../fixtures/network/child.ts'
import { call, clientOf, type Json } from '../fixtures/network/client.ts'
import { postgresUrl } from '../fixtures/postgres/database.ts'

const skip = process.platform === 'win32' ? 'Windows has no SIGUSR2' : false

t.test(
  'SIGUSR2 shows the stories of a running service, and hides them again',
  { skip },
  async (t) => {
    const child = startChild(t, 'src/server.ts', {
      env: { DATABASE_URL: await postgresUrl(t), PORT: '0', CODE_STOCK: '0' },
    })
    const [, url = ''] = await child.wrote('stdout', /listening on (http:[^"]+)/)
    await child.wrote('stdout', /ScenePass is ready/)
    const linesSince = (position: number): Json[] =>
      child
        .stdout()
        .slice(position)
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Json)
    const { create, poll } = clientOf(url)

    const [ready] = linesSince(0).filter(({ version }) => version)
    t.match(ready, {
      level: 'info',
      pid: child.process.pid,
      hostname: String,
      version: /^\d+\.\d+/,
    })

    const storyOfOne = async () => {
      const before = child.stdout().length
      const ticket = await create()
      await poll(ticket)
      await call(`${url}/ticket/${ticket.scene}`)
      await sleep(50)
      return linesSince(before).map(({ msg, path, status, ms }) => ({ msg, path, status, ms }))
    }
    t.same(await storyOfOne(), [])
    child.process.kill('SIGUSR2')
    await child.wrote('stdout', /the log is at debug now/)
    t.match(await storyOfOne(), [
      { msg: 'ticket created' },
      { msg: 'answered', path: '/ticket', status: 201, ms: Number },
      { msg: 'request refused' },
      { msg: 'answered', path: /^\/ticket\/.{8}…$/, status: 401, ms: Number },
    ])
    child.process.kill('SIGUSR2')
    await child.wrote('stdout', /the log is at info now/)
    t.same(await storyOfOne(), [])

    child.process.kill('SIGTERM')
    t.equal(await child.ended, 0)
  },
)

t.test('whatever LOG_LEVEL is, the signal finds a finer or a coarser one', { skip }, async (t) => {
  for (const [usual, other] of [
    ['silent', 'debug'],
    ['warn', 'debug'],
    ['debug', 'info'],
    ['trace', 'info'],
  ] as const) {
    const lines: string[] = []
    const log = createLog(usual, { write: (line) => void lines.push(line) })
    switchLogBySignal(log)
    const seen = [log.level]
    for (let i = 0; i < 2; i++) {
      process.emit('SIGUSR2', 'SIGUSR2')
      seen.push(log.level)
    }
    t.same(seen, [usual, other, usual])
    t.equal(lines.length, 2, `${usual}: each change is told`)
    process.removeAllListeners('SIGUSR2')
  }
})
