/**
 * The hosted login page's own script: one ticket at a time, polled at the pace the service asks
 * for. Runs in browsers; everything it shows is text, never markup.
 */
type Ticket = {
  scene: string
  secret: string
  expires_in: number
  interval: number
  match_code: string | null
  qrcode_url: string
}
type Poll = { status: string; expires_in: number; interval: number; token?: string }

const zh = navigator.language.toLowerCase().startsWith('zh')
const words = zh
  ? {
      loading: '正在准备小程序码…',
      scan: '请用微信扫一扫登录',
      scanned: '已扫码，请在手机上确认',
      confirmed: '登录成功',
      denied: '已在手机上拒绝登录',
      canceled: '登录已取消',
      expired: '小程序码已过期',
      consumed: '此小程序码已被使用',
      offline: '网络不通，正在重试…',
      failed: '暂时无法登录',
      again: '刷新小程序码',
      phone: '打开沙箱手机',
      left: (seconds: number) => `${seconds} 秒后过期`,
      match: '手机上应显示相同的数字',
    }
  : {
      loading: 'Preparing the code…',
      scan: 'Scan with WeChat to sign in',
      scanned: 'Scanned. Confirm on your phone',
      confirmed: 'Signed in',
      denied: 'Declined on the phone',
      canceled: 'Sign-in canceled',
      expired: 'The code has expired',
      consumed: 'This code has been used',
      offline: 'No connection. Trying again…',
      failed: 'Cannot sign in right now',
      again: 'Refresh the code',
      phone: 'Open the sandbox phone',
      left: (seconds: number) => `Expires in ${seconds} s`,
      match: 'Your phone must show the same number',
    }

const element = (id: string): HTMLElement => {
  const found = document.getElementById(id)
  if (!found) throw new TypeError(`the page has no #${id}`)
  return found
}
const heading = element('state')
const hint = element('hint')
const code = element('code') as HTMLImageElement
const match = element('match')
const again = element('again') as HTMLButtonElement
const phone = document.getElementById('phone') as HTMLAnchorElement | null

let deadline = 0
let live: Ticket | null = null

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

function show(state: string, text: string): void {
  document.body.dataset['state'] = state
  heading.textContent = text
  again.hidden = !['denied', 'canceled', 'expired', 'consumed', 'failed'].includes(state)
}

async function signIn(): Promise<void> {
  code.hidden = true
  hint.textContent = ''
  match.textContent = ''
  if (phone) phone.hidden = true
  show('loading', words.loading)

  const created = await fetch('/ticket', { method: 'POST' })
  if (!created.ok) {
    show('failed', words.failed)
    hint.textContent = ((await created.json()) as { message: string }).message
    return
  }
  const ticket = (await created.json()) as Ticket
  live = ticket
  deadline = performance.now() + ticket.expires_in * 1000
  code.src = ticket.qrcode_url
  code.hidden = false
  if (ticket.match_code) match.textContent = `${words.match}: ${ticket.match_code}`
  if (phone) {
    phone.href = `/sandbox/phone?scene=${encodeURIComponent(ticket.scene)}`
    phone.textContent = words.phone
    phone.hidden = false
  }
  show('pending', words.scan)
  await poll(ticket)
}

async function poll(ticket: Ticket): Promise<void> {
  let pause = ticket.interval
  for (let failures = 0; ;) {
    await sleep(pause * 1000)
    let answer: Response
    try {
      answer = await fetch(`/ticket/${ticket.scene}`, {
        headers: { authorization: `Bearer ${ticket.secret}` },
      })
    } catch {
      show('offline', words.offline)
      pause = Math.min(30, 2 ** ++failures)
      continue
    }
    if (answer.status === 429 || answer.status >= 500) {
      pause = Number(answer.headers.get('retry-after') ?? Math.min(30, 2 ** ++failures))
      continue
    }
    if (!answer.ok) {
      show('failed', words.failed)
      return
    }
    failures = 0
    const now = (await answer.json()) as Poll
    deadline = performance.now() + now.expires_in * 1000
    pause = now.interval
    if (now.status === 'pending') show('pending', words.scan)
    else if (now.status === 'scanned') {
      code.hidden = true
      show('scanned', words.scanned)
    } else return finish(now)
  }
}

function finish(answer: Poll): void {
  live = null
  code.hidden = true
  match.textContent = ''
  hint.textContent = ''
  if (phone) phone.hidden = true
  show(answer.status, words[answer.status as 'confirmed'])
  if (answer.token) {
    document.dispatchEvent(new CustomEvent('login', { detail: { token: answer.token } }))
    hint.textContent = answer.token
  }
}

const run = () =>
  signIn().catch(() => {
    show('failed', words.failed)
  })

setInterval(() => {
  if (!live) return
  const seconds = Math.max(0, Math.ceil((deadline - performance.now()) / 1000))
  hint.textContent = words.left(seconds)
}, 500)
addEventListener('pagehide', () => {
  if (!live) return
  void fetch(`/ticket/${live.scene}`, {
    method: 'DELETE',
    keepalive: true,
    headers: { authorization: `Bearer ${live.secret}` },
  })
})
again.textContent = words.again
again.addEventListener('click', () => void run())
void run()
