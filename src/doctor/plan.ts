import type { Words } from '../language.ts'

export type CheckName =
  | 'settings'
  | 'secret-files'
  | 'database'
  | 'migrations'
  | 'database-clock'
  | 'signing-keys'
  | 'public-url'
  | 'service'
  | 'cache'
  | 'published-keys'
  | 'proxy'
  | 'oidc'
  | 'oidc-clients'
  | 'wechat-proxy'
  | 'wechat'
  | 'wechat-clock'
  | 'address'
  | 'credentials'
  | 'page'
  | 'login-code'
  | 'url-link'
  | 'oa-address'
  | 'oa-credentials'
  | 'oa-code'
  | 'oa-people'
  | 'oa-url'
  | 'oa-pushes'
  | 'oa-host'
  | 'oa-console'
  | 'real-wechat'

/** A check, what to call it, and what has to be in order before it says anything. */
export type Planned = { name: CheckName; title: Words; needs: readonly CheckName[] }

const step = (name: CheckName, en: string, zh: string, ...needs: CheckName[]): Planned => ({
  name,
  title: { en, zh },
  needs,
})

/** What has to be in order before WeChat can be asked. */
const toWechat = (options: { sandbox: boolean; wechatProxy: boolean }): CheckName[] => {
  if (options.sandbox) return ['service']
  return options.wechatProxy ? ['settings', 'wechat-proxy'] : ['settings']
}

const ofMiniProgram = (urlLink: boolean): Planned[] => [
  step('address', 'the allowed address', 'IP 白名单', 'wechat'),
  step('credentials', 'AppID and AppSecret', 'AppID 和 AppSecret', 'address'),
  step('page', 'the page and its code', '页面与小程序码', 'credentials'),
  step('login-code', 'the exchange of login codes', '登录凭证校验', 'credentials'),
  ...(urlLink ? [step('url-link', 'the URL Link', 'URL Link', 'credentials')] : []),
]

const ofOfficialAccount: Planned[] = [
  step('oa-address', "the service account's allowed address", '服务号的 IP 白名单', 'wechat'),
  step(
    'oa-credentials',
    "the service account's AppID and AppSecret",
    '服务号的 AppID 和 AppSecret',
    'oa-address',
  ),
  step('oa-code', "the service account's codes", '服务号的二维码', 'oa-credentials'),
  step('oa-people', "the service account's people", '服务号的用户信息', 'oa-credentials'),
  step('oa-url', 'the address for pushes', '接收推送的地址', 'settings'),
  step('oa-pushes', 'the pushes', '推送', 'service', 'database-clock'),
  step('oa-host', 'where WeChat pushes to', '微信推送到哪里', 'oa-credentials'),
  step('oa-console', "the service account's console", '服务号后台', 'migrations'),
]

const ofOpenIdConnect: Planned[] = [
  step('oidc', 'OpenID Connect', 'OpenID Connect', 'service'),
  step('oidc-clients', 'the apps', '应用', 'migrations'),
]

/**
 * The checks, in the order they are reported in.
 *
 * @param options.sandbox whether WeChat is the one inside the service, which then has to run
 * @param options.storedKeys whether the signing keys are in the database
 */
export function planOf(options: {
  sandbox: boolean
  storedKeys: boolean
  /** Whether files have modes that tell who may read them. */
  fileModes: boolean
  urlLink: boolean
  /** Which accounts people sign in through. */
  miniProgram: boolean
  officialAccount: boolean
  /** Whether calls to WeChat go through a proxy. */
  wechatProxy: boolean
  /** Whether other apps sign people in. */
  oidc: boolean
}): Planned[] {
  return [
    step('settings', 'the settings', '配置项'),
    ...(options.fileModes
      ? [step('secret-files', 'the files with secrets', '含机密的文件', 'settings')]
      : []),
    step('database', 'the database', '数据库', 'settings'),
    step('migrations', 'the migrations', '数据库迁移', 'database'),
    step('database-clock', "the database's clock", '数据库时钟', 'database'),
    step(
      'signing-keys',
      'the signing keys',
      '签名密钥',
      options.storedKeys ? 'migrations' : 'settings',
    ),
    step('public-url', 'the address of the service', '服务地址', 'settings'),
    step('service', 'the service', '服务', 'public-url'),
    step('cache', 'caches on the way', '途中的缓存', 'service'),
    step('published-keys', 'the published keys', '公布的公钥', 'service', 'signing-keys'),
    step('proxy', 'the proxy headers', '代理请求头', 'service', 'migrations'),
    ...(options.oidc ? ofOpenIdConnect : []),
    ...(options.wechatProxy
      ? [step('wechat-proxy', 'the proxy to WeChat', '访问微信的代理', 'settings')]
      : []),
    step('wechat', 'the way to WeChat', '与微信的连接', ...toWechat(options)),
    step('wechat-clock', 'the clock against WeChat', '与微信的时钟差', 'wechat'),
    ...(options.miniProgram ? ofMiniProgram(options.urlLink) : []),
    ...(options.officialAccount ? ofOfficialAccount : []),
    step('real-wechat', 'which WeChat it is', '微信环境', 'settings'),
  ]
}
