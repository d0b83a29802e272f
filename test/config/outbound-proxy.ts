import t from 'tap'
import { readConfig } from '../../src/config/config.ts'
import { proxyFor, readProxy } from '../../src/config/outbound-proxy.ts'
import { credentials } from '../fixtures/config.ts'

const WECHAT = 'https://api.weixin.qq.com'
const proxied = (env: Record<string, string>, target = WECHAT) => proxyFor(target, env)?.value

t.test('found 01: the proxy is the one that other programs use, too', async (t) => {
  t.equal(proxied({}), undefined)
  t.equal(proxied({ HTTPS_PROXY: 'http://a' }), 'http://a')
  t.equal(proxied({ https_proxy: 'http://a' }), 'http://a')
  t.equal(proxied({ HTTPS_PROXY: 'http://a', https_proxy: 'http://b' }), 'http://b')
  t.equal(proxied({ HTTPS_PROXY: 'http://a', https_proxy: ' ' }), 'http://a', 'empty is not set')
  t.equal(proxied({ HTTP_PROXY: 'http://a' }), 'http://a', 'for both, where it is alone')
  t.equal(proxied({ HTTP_PROXY: 'http://a', HTTPS_PROXY: 'http://b' }), 'http://b')
  const both = { HTTP_PROXY: 'http://a', HTTPS_PROXY: 'http://b' }
  t.equal(proxied(both, 'http://relay.example'), 'http://a')
  t.equal(proxied({ HTTPS_PROXY: 'http://b' }, 'http://relay.example'), undefined)
})

t.test('NO_PROXY excepts names, domains, ports, addresses and networks', async (t) => {
  const through = { HTTPS_PROXY: 'http://a', HTTP_PROXY: 'http://a' }
  for (const [target, no, goes] of [
    [WECHAT, '*', false],
    [WECHAT, 'api.weixin.qq.com', false],
    [WECHAT, 'API.weixin.qq.com', false],
    [WECHAT, 'qq.com', false],
    [WECHAT, '.qq.com', false],
    [WECHAT, '*.qq.com', false],
    [WECHAT, 'localhost, .weixin.qq.com', false],
    [WECHAT, 'localhost .weixin.qq.com', false],
    [WECHAT, 'api.weixin.qq.com:443', false],
    [WECHAT, 'api.weixin.qq.com:80', true],
    [WECHAT, 'q.com', true],
    [WECHAT, 'xapi.weixin.qq.com', true],
    [WECHAT, '10.0.0.0/8', true],
    ['https://10.1.2.3', '10.0.0.0/8', false],
    ['https://11.1.2.3', '10.0.0.0/8', true],
    ['https://10.1.2.3:8443', '10.1.2.3', false],
    ['https://[fd00::5]', 'fd00::/8', false],
    ['https://[fd00::5]', 'fd00::5', false],
    ['https://[fd00::5]:8443', '[fd00::5]:443', true],
    ['https://10.1.2.3', '10.0.0.0/99', true],
  ] as const) {
    t.equal(proxied({ ...through, NO_PROXY: no }, target) !== undefined, goes, `${target} ${no}`)
    t.equal(proxied({ ...through, no_proxy: no }, target) !== undefined, goes)
  }
})

t.test(
  'what is on this machine, and with it the sandbox, is never asked through one',
  async (t) => {
    const env = { HTTPS_PROXY: 'http://a', HTTP_PROXY: 'http://a' }
    for (const target of ['http://127.0.0.1:3000', 'http://localhost:3000', 'http://[::1]:3000']) {
      t.equal(proxied(env, target), undefined, target)
    }
    t.equal(readConfig(env).wechat.proxy, null)
    t.equal(readConfig({ HTTPS_PROXY: 'socks5://127.0.0.1:1080' }).wechat.proxy, null)
    t.equal(readConfig({ ...env, ...credentials }).wechat.proxy, 'http://a/')
  },
)

t.test('a proxy may lack its scheme, and no other kind is taken', async (t) => {
  t.equal(readProxy('proxy.example:3128'), 'http://proxy.example:3128/')
  t.equal(readProxy('me:pw@proxy.example:3128'), 'http://me:pw@proxy.example:3128/')
  t.equal(readProxy('https://proxy.example:3129/'), 'https://proxy.example:3129/')
  for (const other of ['socks5://a:1', 'socks://a', 'ftp://a', 'http://a/b', 'http://u:%@a', '']) {
    t.equal(readProxy(other), null, other)
  }
})
