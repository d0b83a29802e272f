import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { createAsk } from '../../src/doctor/ask.ts'
import { checkPublicUrl } from '../../src/doctor/public-url.ts'
import { fakeUpstream } from '../fixtures/network/fake-upstream.ts'
import { freePort } from '../fixtures/postgres/postgres.ts'
import { CERTIFICATE, CERTIFICATE_ENDS, CERTIFICATE_KEY } from '../fixtures/network/certificate.ts'

const DAY = 86_400_000

type Options = Partial<Parameters<typeof checkPublicUrl>[0]> & { ca?: string; timeoutMs?: number }

const check = (url: string, { ca, timeoutMs = 2_000, ...changed }: Options = {}) =>
  checkPublicUrl({ url, production: false, realPhones: false, now: Date.now, ...changed }, () =>
    createAsk({ timeoutMs, ca })(`${url}/readyz`),
  )

async function httpsServer(t: Test): Promise<number> {
  const server = createServer({ cert: CERTIFICATE, key: CERTIFICATE_KEY }, (_request, response) =>
    response.end('{}'),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

t.test('https, its certificate, and how long that lasts', async (t) => {
  const port = await httpsServer(t)
  const url = `https://127.0.0.1:${port}`
  const until = (days: number) => ({ ca: CERTIFICATE, now: () => CERTIFICATE_ENDS - days * DAY })
  const production = { production: true, realPhones: true }

  t.match(await check(url, { ...production, ...until(15.5) }), {
    status: 'ok',
    says: { en: /another 15 days/, zh: /证书 15 天后到期/ },
  })
  t.match(await check(url, until(13.5)), {
    status: 'warning',
    says: { en: /ends in 13 days/, zh: /13 天后到期/ },
  })
  t.match(await check(url, production), {
    status: 'failed',
    says: { en: /certificate or TLS .* not accepted \([A-Z_]*SELF_SIGNED[A-Z_]*\)/ },
    fix: { en: /fullchain/ },
  })
  t.match(await check(`https://[::ffff:127.0.0.1]:${port}`, { ca: CERTIFICATE }), {
    status: 'failed',
    says: { en: /ERR_TLS_CERT_ALTNAME_INVALID/ },
  })
  t.match(await check(`http://127.0.0.1:${port}`), { status: 'failed' }, 'http where https is')
})

t.test('http is for this machine alone', async (t) => {
  const { url, answer } = await fakeUpstream(t)
  answer('/readyz', (reply) => reply.end('{}'))
  t.match(await check(url), { status: 'ok', says: { en: `${url} answers.` } })
  t.match(await check(url, { realPhones: true }), { status: 'warning', says: { zh: /不是 https/ } })
  t.match(await check(url, { production: true }), {
    status: 'failed',
    says: { en: /is not https/ },
    fix: { en: /PUBLIC_URL=https/ },
  })
})

t.test('an address that does not answer says why, and that the service may not run', async (t) => {
  const unused = `http://127.0.0.1:${await freePort()}`
  t.match(await check(unused), {
    status: 'failed',
    says: { en: /cannot be reached: .*ECONNREFUSED/ },
    fix: { en: /npx scenepass/, zh: /npx scenepass/ },
  })
  t.match(await check('http://nowhere.invalid'), {
    status: 'failed',
    says: { en: /The name nowhere\.invalid does not resolve/ },
  })
  t.match(await check('http://127.0.0.1:0'), { status: 'failed', says: { en: /PORT=0/ } })

  const { url, answer } = await fakeUpstream(t)
  t.match(await check(url, { timeoutMs: 100 }), {
    status: 'failed',
    says: { en: /does not answer in time/ },
  })
  answer('/readyz', (reply) => reply.write('{'))
  t.match(
    await check(url, { timeoutMs: 100 }),
    { status: 'failed', says: { en: /does not answer in time/ } },
    'an answer that does not end is none',
  )
  answer('/readyz', (reply) => reply.end(Buffer.alloc(1024 * 1024 + 1)))
  t.match(await check(url), { status: 'failed', says: { en: /larger than 1048576 bytes/ } })
})
