import Bowser from 'bowser'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { ConfigError, readConfig } from '../src/config/config.ts'
import { startApp } from './fixtures/app.ts'
import { openWechat } from './fixtures/browser/wechat-phone.ts'
import { call, clientOf, type Json } from './fixtures/network/client.ts'
import { rawHttp } from './fixtures/network/raw-http.ts'

/** What an attacker may do to the question that their victim sees; the other threats: threats.ts. */

async function start(t: Test, overrides: Parameters<typeof startApp>[1] = {}) {
  const app = await startApp(t, overrides)
  return { ...app, ...clientOf(app.url) }
}

/** What turns, hides or breaks the text beside it. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u
const MARKS = '\u202e\u2066\u200b\u00ad\u0085\ufeff'

const NAMES = new Set<string>(Object.values(Bowser.BROWSER_MAP))
const SYSTEMS = new Set<string>(Object.values(Bowser.OS_MAP))

/** Why an answer to a scan has words in it that are not ours; undefined where it has none. */
function foreign({ requested_by: by, ...rest }: Json): string | undefined {
  if (UNSEEN.test(JSON.stringify([by, rest]))) return 'unseen characters'
  if (rest.site !== 'Example') return `site ${rest.site}`
  if (by.browser !== null && !NAMES.has(by.browser.replace(/ [0-9]{1,4}$/, ''))) return by.browser
  if (by.os !== null && !SYSTEMS.has(by.os)) return by.os
  if (by.ip !== null && !/^[0-9a-f.:]{3,45}$/i.test(by.ip)) return by.ip
  if (by.country !== null && !/^[A-Z]{2}$/.test(by.country)) return by.country
  return /^[0-9TZ:.-]+$/.test(by.at) ? undefined : by.at
}

t.test('threat 23: the attacker’s words do not reach the phone', async (t) => {
  const behind = { trustProxy: ['127.0.0.1'], locationHeader: 'CF-IPCountry' }
  const { url, scan, loginCode } = await start(t, behind)

  /** Creates a ticket with headers as they are, in bytes, and lets the victim scan it. */
  async function question(headers: Record<string, string>): Promise<Json> {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    const head = `POST /ticket HTTP/1.1\r\nHost: ${new URL(url).host}\r\nContent-Length: 0\r\n`
    const bytes = Buffer.from(`${head}${lines.join('')}\r\n`, 'utf8')
    const { status, body } = await rawHttp(url, bytes)
    return status === 201 ? (await scan(JSON.parse(body), 'victim')).body : null
  }

  for (const [agent, browser, os] of [
    [
      'Your own computer at work, checked by IT - safe to confirm/1 (Windows NT 10.0)',
      null,
      'Windows',
    ],
    [
      'ACME Support: needed to keep your account, please confirm now/1 (Macintosh; x)',
      null,
      'macOS',
    ],
    ['请放心确认，这是您的公司/1 (x)', null, null],
    [`Chrome${MARKS}/${MARKS}99 (x)`, 'Chrome', null],
    ['Mozilla/5.0 (X11; Linux) Chrome/13800138000', 'Chrome', 'Linux'],
    ['OPR/call-13800138000', 'Opera', null],
  ] as const) {
    const asked = await question({ 'user-agent': agent })
    t.strictSame([asked.requested_by.browser, asked.requested_by.os], [browser, os], agent)
    t.equal(foreign(asked), undefined, agent)
  }

  const others = await question({
    'user-agent': `x${MARKS}`,
    'x-forwarded-for': 'fe80::1%call-13800138000.confirm',
    'cf-ipcountry': `C${MARKS}N`,
    'accept-language': `${MARKS}please-confirm`,
    referer: 'https://example.com/please-confirm',
    'sec-ch-ua': '"Please confirm";v="1"',
    'sec-ch-ua-platform': '"Please confirm"',
  })
  t.match(others.requested_by, { ip: 'fe80::1', country: null, browser: null, os: null })
  t.notMatch(JSON.stringify(others), /confirm/i)

  const value = fc
    .string({ unit: 'binary', maxLength: 60 })
    .map((text) => text.replace(/[\0\r\n]/g, ''))
  const agent = fc.tuple(value, fc.constantFrom('', '/', 'Chrome/', 'OPR/', 'Version/'), value)
  let asked = 0
  await fc.assert(
    fc.asyncProperty(agent, value, value, async (words, address, country) => {
      const headers = { 'x-forwarded-for': address, 'cf-ipcountry': country }
      const answer = await question({ 'user-agent': words.join(''), ...headers })
      if (answer === null) return
      asked += 1
      const why = foreign(answer)
      if (why !== undefined) throw new Error(`${why} from ${JSON.stringify(words)}`)
    }),
    { seed: 20261122, numRuns: 60 },
  )
  t.ok(asked > 30, `${asked} of 60 headers were HTTP`)

  const code = await loginCode('victim')
  for (const [path, body] of [
    [`/ticket/${others.scene}/scan`, `{"code":"${code}","entered_by":"${MARKS}"}`],
    [`/ticket/${others.scene}/scan`, `{"code":"${MARKS}"}`],
    [`/ticket/${others.scene}/deny`, `{"code":${MARKS}}`],
    [`/ticket/${encodeURIComponent(MARKS)}/scan`, `{"code":"${code}"}`],
    ['/login', `{"code":"${code}","scene":"${MARKS}"}`],
    ['/login', `${MARKS}{}`],
  ] as const) {
    const headers = { 'content-type': 'application/json' }
    const answer = await call(url + path, { method: 'POST', headers, body })
    t.ok(answer.status >= 400 && answer.status < 500)
    t.notMatch(JSON.stringify(answer.body), UNSEEN, `a refusal says nothing of it: ${path}`)
  }

  for (const mark of MARKS) {
    t.throws(() => readConfig({ SITE_NAME: `Exa${mark}mple` }), ConfigError)
  }
})

t.test('threat 25: the question says that it was opened by no scan', async (t) => {
  const off = await start(t, { auditDays: 0 })
  const on = await start(t, { auditDays: 0, urlLink: true })
  for (const [number, whenOff, whenOn] of [
    [1047, [], []],
    [1007, ['card'], ['card']],
    [1008, ['card'], ['card']],
    [1036, ['card'], ['card']],
    [1044, ['card'], ['card']],
    [1037, ['mini program'], ['mini program']],
    [1038, ['mini program'], ['mini program']],
    [1065, ['link'], []],
    [1194, ['link'], []],
    [1048, ['picture'], ['picture']],
    [1049, ['picture'], ['picture']],
  ] as const) {
    for (const [{ url, create }, expected] of [
      [off, whenOff],
      [on, whenOn],
    ] as const) {
      const phone = openWechat(url, { language: 'en' })
      phone.wx.getEnterOptionsSync = () => ({
        path: phone.path,
        query: phone.query,
        scene: number,
      })
      const page = phone.open((await create()).scene)
      await page.until('Sign in to Example?')
      const notices = page.textsOf('.notice')
      t.equal(notices.length, expected.length, `${number}`)
      for (const [index, word] of expected.entries()) t.match(notices[index], word)
      const grave = expected.some((word) => word !== 'picture')
      t.equal(page.textsOf('.grave').length > 0, grave, `${number}: grave or not`)
      page.close()
    }
  }

  const ticket = await off.create()
  t.same((await off.scan(ticket, 'alice')).body.notices, [], 'a mini program of before')
})
