import type { Exchange } from './watch.ts'

type Words = readonly [zh: string, en: string]

const LONGEST = 200
/** A scene or the like in a path: its beginning tells one from another. */
const LONG = /([\w-]{6})[\w-]{16,}/g

const parties = {
  browser: ['浏览器', 'Browser'],
  phone: ['手机', 'Phone'],
  app: ['应用', 'App'],
  device: ['设备', 'Device'],
} as const satisfies Record<Exchange['who'], Words>

/** What a call is for, by its method and the end of its path. */
const meanings: [pattern: RegExp, words: Words][] = [
  [/^POST \/ticket$/, ['申请登录票据 (ticket)', 'asks for a ticket']],
  [/^GET .*\/qrcode$/, ['加载二维码', 'loads the code']],
  [/^GET .*\/link$/, ['取打开小程序的链接', 'asks for a link to the mini program']],
  [/^GET \/ticket\/[^/]+$/, ['轮询：有结果了吗？', 'polls: decided yet?']],
  [/^DELETE /, ['放弃这张票据', 'gives the ticket up']],
  [/^POST .*\/wx-login$/, ['wx.login：向微信要登录凭证', 'wx.login: a login code from WeChat']],
  [/^GET .*\/oa\/followers\//, ['是否已关注公众号？', 'a follower of the account?']],
  [
    /^POST .*\/oa\/scan$/,
    ['扫码；微信推送给服务，公众号回复', 'scans; WeChat pushes it, the account replies'],
  ],
  [/^POST .*\/oa\/unfollow$/, ['取消关注', 'unfollows']],
  [/^POST .*\/scan$/, ['扫了码：是谁在请求登录？', 'has scanned: who is asking?']],
  [/^POST .*\/deny$/, ['拒绝登录', 'declines']],
  [/^POST \/login$/, ['确认登录', 'confirms']],
  [/^POST \/(sign-in|d)\/[^/]+\/ticket$/, ['申请登录票据 (ticket)', 'asks for a ticket']],
  [/^POST \/sign-in\/[^/]+$/, ['完成这次登录', 'finishes the sign-in']],
  [/openid-configuration$/, ['有哪些地址？', 'looks the addresses up']],
  [/^GET \/oidc\/authorize$/, ['应用把浏览器带到登录页', 'the app sends the browser to sign in']],
  [/^GET \/sandbox\/app$/, ['浏览器回到应用', 'the browser is back at the app']],
  [/^POST \/oidc\/token$/, ['换取令牌', 'asks for tokens']],
  [/^GET \/oidc\/userinfo$/, ['登录的是谁？', 'who is it?']],
  [/^POST \/oidc\/device_authorization$/, ['请求代码', 'asks for a code']],
  [/^GET \/oidc\/logout$/, ['退出登录', 'signs out']],
]

/** Shows exchanges one after the other; polls that say the same again only count. */
export function createTraffic(log: HTMLElement): (exchange: Exchange) => void {
  const list = log.querySelector('ol') ?? log
  const latest = new Map<string, { said: string; count: number; counter: HTMLElement }>()

  return (exchange) => {
    const call = `${exchange.who} ${exchange.method} ${exchange.path}`
    const said = `${exchange.status} ${exchange.answer.replace(/"expires_in": \d+/, '')}`
    const before = latest.get(call)
    if (before?.said === said) {
      before.count += 1
      before.counter.textContent = `× ${before.count}`
      return
    }
    const counter = make('span', 'count')
    latest.set(call, { said, count: 1, counter })
    const atEnd = log.scrollTop + log.clientHeight > log.scrollHeight - 8
    list.append(line(exchange, counter))
    while (list.childElementCount > LONGEST) list.firstElementChild?.remove()
    // A visitor who reads further up stays there.
    if (atEnd) log.scrollTop = log.scrollHeight
  }
}

function line(exchange: Exchange, counter: HTMLElement): HTMLElement {
  const { who, method, path, status } = exchange
  const meaning = meanings.find(([pattern]) => pattern.test(`${method} ${path}`))?.[1]
  const summary = make('summary', '')
  const call = make('span', 'call', `${method} ${path.replace(LONG, '$1…')}`)
  call.title = path
  const outcome = make('span', status >= 400 || status === 0 ? 'status bad' : 'status')
  outcome.append(...(status === 0 ? both(['没有应答', 'no answer']) : [String(status)]))
  const party = make('span', 'party')
  party.append(...both(parties[who]))
  const gloss = make('span', 'gloss')
  if (meaning) gloss.append(...both(meaning))
  summary.append(party, call, outcome, counter, gloss)

  const details = make('details', '')
  details.append(summary)
  const { authorization } = exchange
  const asked = [authorization && `Authorization: ${authorization}`, exchange.request]
  for (const [words, text] of [
    [['请求', 'Request'], asked.filter(Boolean).join('\n\n')],
    [['应答', 'Answer'], exchange.answer],
  ] as const) {
    if (text === '') continue
    const title = make('p', 'small')
    title.append(...both(words))
    details.append(title, make('pre', '', text))
  }
  const item = make('li', `by-${who}`)
  item.append(details)
  return item
}

function make(tag: string, className: string, text = ''): HTMLElement {
  const element = document.createElement(tag)
  element.className = className
  element.textContent = text
  return element
}

function both([zh, en]: Words): HTMLElement[] {
  const inChinese = make('span', 'zh', zh)
  inChinese.lang = 'zh-CN'
  const inEnglish = make('span', 'en', en)
  inEnglish.lang = 'en'
  return [inChinese, inEnglish]
}
