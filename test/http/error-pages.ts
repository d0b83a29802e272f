import t from 'tap'
import { startApp } from '../fixtures/app.ts'

const { url } = await startApp(t, { site: '示例 <b>', corsOrigins: ['https://www.example'] })
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

const open = (path: string, accept?: string, init: RequestInit = {}, language = 'zh-CN') =>
  fetch(`${url}${path}`, {
    ...init,
    headers: { 'accept-language': language, ...(accept === undefined ? {} : { accept }) },
  })

const SCENE = 'A1'.repeat(11)

t.test('a person gets a page: what is wrong, and a way on', async (t) => {
  for (const [path, status, title, said] of [
    ['/nothing', 404, '没有这个页面', '不存在'],
    ['/login', 405, '无法打开这个地址', 'class="card"'],
    ['/?return_to=https://evil.example/', 400, '无法打开这个地址', 'return_to'],
    [`/ticket/${SCENE}/qrcode`, 404, '没有这个页面', '票据'],
  ] as const) {
    const answer = await open(path, BROWSER)
    const html = await answer.text()
    t.equal(answer.status, status, path)
    t.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8', path)
    t.match(html, `<title>${title}</title>`, path)
    t.match(html, said, path)
    t.match(html, '<html lang="zh-CN">')
    t.match(html, /<a href="\/" rel="noreferrer">.*打开登录页/)
    t.match(html, '示例 &lt;b&gt;')
    t.notMatch(html, /evil\.example|<script>|<b>/)
    t.match(
      answer.headers.get('content-security-policy'),
      /^default-src 'none'.*frame-ancestors 'n/,
    )
    t.equal(answer.headers.get('x-frame-options'), 'DENY')
    t.equal(answer.headers.get('cache-control'), 'no-store')
    t.match(answer.headers.get('vary'), /\*|accept-language.*accept|accept.*accept-language/)
  }
  t.match(await (await open('/nothing', BROWSER, {}, 'ja')).text(), '<html lang="en">')
})

t.test('a program gets JSON, whatever it takes', async (t) => {
  for (const accept of [undefined, '*/*', 'application/json', 'application/json, text/html']) {
    const answer = await open('/nothing', accept)
    t.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8', `${accept}`)
    t.match(await answer.json(), { statusCode: 404, code: 'NOT_FOUND' })
  }
  const posted = await open('/nothing', BROWSER, { method: 'POST' })
  t.match(await posted.json(), { code: 'NOT_FOUND' }, 'no browser opens an address by POST')
})
