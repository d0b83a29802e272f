import t from 'tap'
import { safeLink } from '../../src/wechat/url-link.ts'

const real = 'https://api.weixin.qq.com'
const sandbox = 'http://127.0.0.1:3000/sandbox/wechat'

t.test('WeChat’s links are https, a sandbox’s may be what it is', async (t) => {
  for (const link of ['https://wxaurl.cn/AbCdEf', 'https://wxmpurl.cn/AbCdEf?cq=a%3Db']) {
    t.equal(safeLink(link, real), link)
    t.equal(safeLink(link, sandbox), link)
  }
  const http = 'http://127.0.0.1:3000/sandbox/phone?scene=abc'
  t.equal(safeLink(http, sandbox), http)
  t.equal(safeLink(http, real), undefined)
})

t.test('nothing else is a link', async (t) => {
  const long = `https://wxaurl.cn/${'x'.repeat(1006)}`
  t.equal(safeLink(long, real), long, '1024 characters')
  const others = [undefined, null, 7, '', 'wxaurl.cn/a', '//wxaurl.cn/a', 'https://', `${long}x`]
  for (const other of [...others, 'javascript:alert(1)', 'weixin://dl/business/?t=a', ['https:']]) {
    for (const base of [real, sandbox]) t.equal(safeLink(other, base), undefined, String(other))
  }
})
