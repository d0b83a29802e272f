import Bowser from 'bowser'
import fc from 'fast-check'
import Fastify from 'fastify'
import t from 'tap'
import { createCountryOf, requesterOf } from '../../src/http/requester.ts'
import type { Requester } from '../../src/tickets/ticket.ts'

/** A browser chooses its User-Agent, and the phone shows what it says: names of a list, and digits. */
const app = Fastify()
const countryOf = createCountryOf(null, () => false)
app.get('/', async (request) => requesterOf(request, countryOf))
t.teardown(() => app.close())

const seen = async (agent: string): Promise<Requester> =>
  (await app.inject({ url: '/', headers: { 'user-agent': agent } })).json()

const systems = Object.values(Bowser.OS_MAP)
const browsers = Object.values(Bowser.BROWSER_MAP)

/** `NAME( digits)?`, with digits that no telephone number fits into. */
function isOurs({ browser, os }: Requester): boolean {
  const name = browser?.replace(/ [0-9]{1,4}$/, '') ?? null
  return (name === null || browsers.includes(name)) && (os === null || systems.includes(os))
}

const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)'
const android = 'Mozilla/5.0 (Linux; U; Android 14; zh-CN; 23013RK75C)'
const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)'

/** What the detector looks for beside its names, and what stands between. */
const TOKENS = [
  ...'OPR opios opt Version Mozilla Ddg MicroMessenger MiuiBrowser slimerjs Edg EdgiOS'.split(' '),
  ...'playstation 4,SE 2.X,Macintosh,iPhone,Windows NT,mac os x,like Android,/, ,(,) ,.'.split(','),
]

t.test('the browsers that people use keep their names', async (t) => {
  for (const [agent, browser, os] of [
    [`${windows} ${webkit} Chrome/142.0.0.0 Safari/537.36`, 'Chrome 142', 'Windows'],
    [
      `${windows} ${webkit} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0`,
      'Microsoft Edge 142',
      'Windows',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
      'Safari 18',
      'iOS',
    ],
    [
      'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      'Firefox 140',
      'Linux',
    ],
    [
      `${windows} ${webkit} Chrome/128.0.0.0 Safari/537.36 OPR/114.0.5282.115`,
      'Opera 114',
      'Windows',
    ],
    [
      `${windows} ${webkit} Chrome/132.0.0.0 Safari/537.36 NetType/WIFI MicroMessenger/7.0.20.1781(0x6700143B) WindowsWechat(0x63090c33) XWEB/14315`,
      'WeChat 7',
      'Windows',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.54(0x18003637) NetType/WIFI Language/zh_CN',
      'WeChat 8',
      'iOS',
    ],
    // 360 and Quark say Chrome, and some of them their own name beside it.
    [`${windows} ${webkit} Chrome/122.0.0.0 Safari/537.36 QIHU 360SE`, 'Chrome 122', 'Windows'],
    [
      `${android} ${webkit} Version/4.0 Chrome/123.0.6312.80 Quark/7.4.5.680 Mobile Safari/537.36`,
      'Chrome 123',
      'Android',
    ],
    [
      `${windows} ${webkit} Chrome/123.0.0.0 Safari/537.36 Core/1.116.571.400 QQBrowser/19.4.6579.400`,
      'QQ Browser 19',
      'Windows',
    ],
    [
      `${windows} ${webkit} Chrome/55.0.2883.87 UBrowser/6.2.4098.3 Safari/537.36`,
      'Chrome 55',
      'Windows',
    ],
    [
      `${android} ${webkit} Version/4.0 Chrome/100.0.4896.58 UCBrowser/15.5.2.1202 Mobile Safari/537.36`,
      'UC Browser 4',
      'Android',
    ],
    [
      `${windows} ${webkit} Chrome/80.0.3987.87 Safari/537.36 SE 2.X MetaSr 1.0`,
      'Sogou Browser 80',
      'Windows',
    ],
    [
      'Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 Mobile HuaweiBrowser/5.1.2.302',
      'Chrome 114',
      'HarmonyOS',
    ],
    // Bowser detects it without having it on its list.
    [
      `${android} ${webkit} Version/4.0 Chrome/109.0.5414.118 Mobile Safari/537.36 XiaoMi/MiuiBrowser/17.7.12`,
      null,
      'Android',
    ],
  ] as const) {
    const shown = await seen(agent)
    t.strictSame([shown.browser, shown.os], [browser, os], agent)
  }
})

t.test('a sentence in the header is no browser', async (t) => {
  for (const [agent, browser, os] of [
    [
      'Your own computer at work, checked by IT - safe to confirm/1 (Windows NT 10.0)',
      null,
      'Windows',
    ],
    ['ACME Support: needed to keep your account, please confirm now/1 x', null, null],
    ['\u0085\u0090soft\u00adhyphen/1 (x)', null, null],
    ['Chrome/13800138000', 'Chrome', null],
    ['OPR/call-13800138000', 'Opera', null],
    ['OPR/99-confirm.1', 'Opera 99', null],
    ['__proto__/1 (x)', null, null],
    ['constructor/1 (x)', null, null],
  ] as const) {
    const shown = await seen(agent)
    t.strictSame([shown.browser, shown.os], [browser, os], agent)
  }
})

t.test('of any header it is a name of the list, and digits, or null', async (t) => {
  const text = fc.string({
    unit: fc
      .oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff }))
      .map((code) => String.fromCharCode(code)),
    maxLength: 80,
  })
  const word = fc.oneof(
    text,
    fc.stringMatching(/^[0-9._]{1,40}$/),
    fc.constantFrom(...browsers, ...systems, ...Object.keys(Bowser.BROWSER_MAP), ...TOKENS),
  )
  const agents = fc
    .array(fc.tuple(word, fc.constantFrom('/', ' ', ' (', ') ', '; ', '')), { maxLength: 12 })
    .map((words) => words.flat().join(''))
  let named = 0
  await fc.assert(
    fc.asyncProperty(agents, async (agent) => {
      const requester = await seen(agent)
      if (requester.browser !== null) named += 1
      if (!isOurs(requester)) {
        const { browser, os } = requester
        throw new Error(`${JSON.stringify([browser, os])} from ${JSON.stringify(agent)}`)
      }
    }),
    { seed: 20261122, numRuns: 1_000 },
  )
  t.ok(named > 100, `${named} of 1000 have a name, so the list is not all null`)
})
