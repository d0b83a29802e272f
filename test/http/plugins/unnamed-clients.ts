import t from 'tap'
import { startApp } from '../../fixtures/app.ts'
import { call } from '../../fixtures/network/client.ts'
import { postgresUrl } from '../../fixtures/postgres/database.ts'

const databaseUrl = await postgresUrl(t)
const SENTENCE = 'a proxy of TRUST_PROXY does not say who its client is'
const times = (text: string): number => text.split(SENTENCE).length - 1

t.test('a trusted proxy that names no client is told of once', async (t) => {
  for (const header of [undefined, 'unknown', '127.0.0.1', '']) {
    const { url, logged } = await startApp(t, {
      databaseUrl,
      logLevel: 'info',
      trustProxy: ['127.0.0.1'],
    })
    const headers = header === undefined ? {} : { 'x-forwarded-for': header }
    for (let i = 0; i < 3; i++) await call(`${url}/ticket`, { method: 'POST', headers })
    t.equal(times(logged()), 1, String(header))
    t.match(logged(), /X-Forwarded-For/)
  }
})

t.test('one that does, in its own way, is not', async (t) => {
  const { url, logged } = await startApp(t, {
    databaseUrl,
    logLevel: 'info',
    trustProxy: ['127.0.0.1'],
  })
  for (const address of ['203.0.113.9', '203.0.113.9:4711', '[2001:db8::1]:443']) {
    await call(`${url}/ticket`, { method: 'POST', headers: { 'x-forwarded-for': address } })
  }
  t.equal(times(logged()), 0)
  const plain = await startApp(t, { databaseUrl, logLevel: 'info' })
  await call(`${plain.url}/ticket`, { method: 'POST' })
  t.equal(times(plain.logged()), 0, 'without TRUST_PROXY there is no proxy to speak of')
})
