import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import t from 'tap'
import { instanceSettings, readArguments } from '../../src/cli/sandbox-arguments.ts'
import { startChild } from '../fixtures/network/child.ts'
import { freePort } from '../fixtures/postgres/postgres.ts'

t.test('the defaults are a sandbox on this machine', async (t) => {
  t.same(readArguments([]), {
    host: '127.0.0.1',
    port: 4000,
    service: 'http://127.0.0.1:3000',
    publicUrl: 'http://127.0.0.1:4000',
  })
})

t.test('every option is read; URLs lose their trailing slash', async (t) => {
  const args = ['--port', '4100', '--host', '::1', '--service', 'https://login.example/base/']
  t.same(readArguments(args), {
    host: '::1',
    port: 4100,
    service: 'https://login.example/base',
    publicUrl: 'http://[::1]:4100',
  })
  const far = readArguments(['--host', '0.0.0.0', '--public-url', 'http://192.0.2.7:4000'])
  t.equal(far.publicUrl, 'http://192.0.2.7:4000')
})

t.test('a mistake is named', async (t) => {
  for (const [args, message] of [
    [['--port', 'x'], /--port must be a number from 1 to 65535, not "x"/],
    [['--port', '0'], /--port/],
    [['--port', '65536'], /--port/],
    [['--host', 'a b'], /--host must be an address/],
    [['--service', '127.0.0.1:3000'], /--service must be an http\(s\) URL/],
    [['--service', 'ftp://a'], /--service/],
    [['--public-url', 'http://a/?b'], /--public-url/],
    [['--prot', '1'], /--prot/],
    [['extra'], /extra/],
  ] as [string[], RegExp][]) {
    t.throws(() => readArguments(args), { name: 'TypeError', message })
  }
})

t.test('instances are told what they need', async (t) => {
  t.match(
    instanceSettings('http://127.0.0.1:4000'),
    /^WECHAT_APPID=wx[0-9a-f]{16}\nWECHAT_SECRET=[0-9a-f]{32}\nOA_APPID=wx[0-9a-f]{16}\nOA_SECRET=[0-9a-f]{32}\nOA_TOKEN=[0-9A-Za-z]{16,32}\nOA_AES_KEY=[0-9A-Za-z]{43}\nWECHAT_API_BASE=http:\/\/127\.0\.0\.1:4000\/sandbox\/wechat\n$/,
  )
})

t.test('as a program', { jobs: 3 }, async (t) => {
  t.test(
    'it listens, prints the settings alone, and stops cleanly',
    { buffered: true },
    async (t) => {
      const port = String(await freePort())
      const child = startChild(t, 'src/cli/sandbox.ts', { args: ['--port', port] })
      await child.wrote('stdout', /WECHAT_API_BASE=.*\n/)
      t.equal(child.stdout(), instanceSettings(`http://127.0.0.1:${port}`))
      const answer = await fetch(`http://127.0.0.1:${port}/sandbox/calls`)
      t.equal(answer.status, 200)
      await answer.text()
      child.process.kill('SIGTERM')
      t.equal(await child.ended, 0)
      t.match(child.stderr(), 'Every visitor can sign in as any user')
    },
  )

  t.test('bad arguments end it with a message', { buffered: true }, async (t) => {
    const child = startChild(t, 'src/cli/sandbox.ts', { args: ['--port', 'x'] })
    t.equal(await child.ended, 2)
    t.equal(child.stdout(), '')
    t.equal(child.stderr(), '--port must be a number from 1 to 65535, not "x"\n')
  })

  t.test('a port that is taken ends it with a message', { buffered: true }, async (t) => {
    const server = createServer().listen(0, '127.0.0.1')
    t.teardown(() => server.close())
    await once(server, 'listening')
    const port = String((server.address() as AddressInfo).port)
    const child = startChild(t, 'src/cli/sandbox.ts', { args: ['--port', port] })
    t.equal(await child.ended, 1)
    t.match(child.stderr(), /is in use\. .*set --port/)
  })
})
