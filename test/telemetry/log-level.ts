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
    const { create, poll } = clientOf(url)
    const story = async () => {
      const ticket = await create()
      await poll(ticket)
      await call(`${url}/ticket/${ticket.scene}`)
    }
    await story()
    child.process.kill('SIGUSR2')
    await child.wrote('stdout', /the log is at debug now/)
    await story()
    child.process.kill('SIGUSR2')
    await child.wrote('stdout', /the log is at info now/)
    await story()
    child.process.kill('SIGTERM')
    t.equal(await child.ended, 0)

    const lines = child
      .stdout()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Json)
    const ready = lines.findIndex(({ version }) => version)
    t.match(lines[ready], { level: 'info', pid: child.process.pid, hostname: String })
    t.match(lines[ready].version, /^\d+\.\d+/)
    t.match(lines.slice(ready + 1), [
      { msg: /the log is at debug now/ },
      { msg: 'ticket created' },
      { msg: 'answered', path: '/ticket', status: 201, ms: Number },
      { msg: 'request refused' },
      { msg: /the log is at info now/ },
      { msg: /^stopping/ },
    ])
    t.equal(lines.length - ready - 1, 6, 'a poll is told of where the log begins at debug')
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
