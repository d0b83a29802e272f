import fc from 'fast-check'
import Fastify from 'fastify'
import t from 'tap'
import { createCountryOf, requesterOf } from '../../src/http/requester.ts'
import type { Requester } from '../../src/tickets/ticket.ts'

const app = Fastify({ trustProxy: ['10.0.0.1'] })
const countryOf = createCountryOf('CF-IPCountry', (address) => address === '10.0.0.1')
app.get('/', async (request) => requesterOf(request, countryOf))
t.teardown(() => app.close())

async function seen(
  headers: Record<string, string> = {},
  remoteAddress = '192.0.2.1',
): Promise<Requester> {
  return (await app.inject({ url: '/', headers, remoteAddress })).json()
}

t.test('browser and system are named as people know them', async (t) => {
  const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)'
  for (const [agent, browser, os] of [
    [
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webkit} Chrome/142.0.0.0 Safari/537.36`,
      'Chrome 142',
      'Windows',
    ],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15',
      'Safari 18',
      'macOS',
    ],
    [
      'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      'Firefox 140',
      'Linux',
    ],
    ['no browser that is known', null, null],
    ['', null, null],
  ] as const) {
    t.match(await seen({ 'user-agent': agent }), { browser, os }, agent)
  }
})

t.test('the address is the one that the connection or a trusted proxy names', async (t) => {
  const forwarded = (value: string) => ({ 'x-forwarded-for': value })
  t.match(await seen({}, '192.0.2.1'), { ip: '192.0.2.1' })
  t.match(await seen({}, '2001:db8::1'), { ip: '2001:db8::1' })
  t.match(await seen({}, '::ffff:192.0.2.1'), { ip: '192.0.2.1' }, 'as people know it')
  t.match(await seen(forwarded('203.0.113.9'), '192.0.2.1'), { ip: '192.0.2.1' }, 'not trusted')
  t.match(await seen(forwarded('203.0.113.9'), '10.0.0.1'), { ip: '203.0.113.9' })
  t.match(await seen(forwarded('6.6.6.6, 203.0.113.9'), '10.0.0.1'), { ip: '203.0.113.9' })
  for (const nonsense of ['unknown', '_hidden', '1.2.3.4:80', '[2001:db8::1]:80', '999.1.1.1']) {
    t.match(await seen(forwarded(nonsense), '10.0.0.1'), { ip: null }, nonsense)
  }
})

t.test('an address is kept as limits count it, too', async (t) => {
  t.match(await seen({}, '192.0.2.1'), { network: '192.0.2.1' })
  t.match(await seen({}, '2001:db8:1:2:3::4'), { network: '2001:db8:1:2::/64' })
  const nonsense = { 'x-forwarded-for': 'unknown' }
  t.match(await seen(nonsense, '10.0.0.1'), { ip: null, network: null })
})

t.test('the country is the one that a trusted proxy tells, and no other caller', async (t) => {
  const told = async (country: string, peer = '10.0.0.1', more = {}) =>
    (await seen({ 'cf-ipcountry': country, ...more }, peer)).country
  t.equal(await told('CN'), 'CN')
  t.equal(await told('de'), 'DE')
  t.equal(await told('CN', '192.0.2.1'), null, 'a stranger')
  const forwarded = { 'x-forwarded-for': '10.0.0.1' }
  t.equal(await told('CN', '192.0.2.1', forwarded), null, 'a stranger who names the proxy')
  t.equal(await told('CN', '10.0.0.1', { 'x-forwarded-for': '192.0.2.1' }), 'CN')
  for (const unknown of [
    '',
    'XX',
    'ZZ',
    'EU',
    'T1',
    'A1',
    'C',
    'CHN',
    'unknown',
    'CN, US',
    '中国',
  ]) {
    t.equal(await told(encodeURI(unknown)), null, unknown)
  }
  t.equal((await seen({}, '10.0.0.1')).country, null, 'no guess without it')
})

t.test('without a name of the header there is no country', async (t) => {
  const asked = createCountryOf(null, () => true)
  const request = { headers: { null: 'CN', 'cf-ipcountry': 'CN' }, socket: {} }
  t.equal(asked(request as never), null)
})

t.test('an address with a zone fits where addresses are kept', async (t) => {
  for (const zone of ['eth0', 'a'.repeat(80)]) {
    const { ip } = await seen({ 'x-forwarded-for': `fe80::1%${zone}` }, '10.0.0.1')
    t.ok(ip === null || ip.length <= 45, `${ip}`)
  }
})

t.test('for every header the answer is short text or null', async (t) => {
  const header = fc.string({
    unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
    maxLength: 700,
  })
  const agents = fc.oneof(
    header,
    fc.tuple(header, header).map(([a, b]) => `Mozilla/5.0 (${a}) Chrome/${b}`),
    fc.constantFrom(
      '__proto__',
      'constructor/1',
      'Chrome/'.repeat(100),
      `Firefox/${'9'.repeat(400)}`,
    ),
  )
  await fc.assert(
    fc.asyncProperty(agents, async (agent) => {
      const answer = await seen({ 'user-agent': agent })
      for (const value of [answer.browser, answer.os]) {
        if (value === null) continue
        if (typeof value !== 'string' || value === '' || value.length > 64) {
          throw new Error(`${JSON.stringify(value)} from ${JSON.stringify(agent)}`)
        }
      }
    }),
    { seed: 20261122, numRuns: 300 },
  )
  t.pass('300 headers')
})
