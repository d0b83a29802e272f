import type { Settings } from './settings.ts'

const address = '监听地址，例如 127.0.0.1 或 0.0.0.0'
const seconds = (most: string) => `1 到 ${most} 的整数（秒）`
const calls = '1 到 1000000 的整数（每个地址每分钟的请求数）'
const text = '不超过 255 个字符的文本'
const proxy = 'http://用户:密码@主机:端口 形式的 HTTP 或 HTTPS 代理'

/** The shapes of the settings once more, in Chinese: they complete 「NAME 应为…」. */
export const shapesInChinese: Record<keyof Settings, string> = {
  NODE_ENV: 'production、development 或 test',
  DATABASE_URL:
    'postgres://user:password@host:5432/database（密码中的 # 写成 %23，/ 写成 %2F，? 写成 %3F），或 pglite:文件夹，用普通路径（pglite:./data 或 pglite:/srv/scenepass/data，不带 ~ 和 ://）',
  DATABASE_READ_URL: '只读副本的 postgres://user:password@host:5432/database',
  DATABASE_POOL: '1 到 1000 的整数（连接数）',
  MIGRATE: 'auto 或 off',
  HOST: address,
  PORT: '0 到 65535 的端口号（0 表示任意空闲端口）',
  OPS_HOST: address,
  OPS_PORT: '1 到 65535 的端口号；留空则不提供监控指标',
  PUBLIC_URL: '不带路径、查询和片段的 http(s) 地址，例如 https://login.example',
  TRUST_PROXY: '用逗号分隔的代理地址或 CIDR 网段（或 loopback、linklocal、uniquelocal）',
  LOCATION_HEADER: '请求头的名字，例如 CF-IPCountry',
  CORS_ORIGINS: '用逗号分隔的来源，例如 https://www.example（不带路径，不含 *）',
  RETURN_URLS: '用逗号分隔的 http(s) 地址，例如 https://www.example/signed-in（不带片段和密码）',
  SITE_NAME: '不超过 64 个字符的名称，且每个字符都可见',
  SITE_LOGO: '本机上 PNG、SVG、JPEG 或 WebP 文件的路径，例如 ./logo.svg（不是网址）',
  SITE_COLOR: '3 位或 6 位十六进制颜色，例如 07c160 或 "#07c160"',
  WECHAT_APPID: '您的小程序的 AppID：wx 加 16 个字母和数字',
  WECHAT_SECRET: '您的小程序的 AppSecret：32 个字母和数字',
  WECHAT_PAGE: 'app.json 中的页面路径，不以 / 开头，也不带查询',
  WECHAT_ENV_VERSION: 'release、trial 或 develop',
  WECHAT_CHECK_PATH: 'true 或 false',
  WECHAT_CODE_WIDTH: '280 到 1280 的整数（像素）',
  WECHAT_URL_LINK: 'off 或 on',
  WECHAT_API_BASE: '不带查询的 http(s) 地址，例如 https://api.weixin.qq.com',
  WECHAT_TIMEOUT_MS: '100 到 60000 的整数（毫秒）',
  HTTPS_PROXY: proxy,
  HTTP_PROXY: proxy,
  NO_PROXY: '用逗号分隔的主机名、域名、IP 地址或 CIDR 网段，或 *',
  OA_APPID: '您的服务号的 AppID：wx 加 16 个字母和数字',
  OA_SECRET: '您的服务号的 AppSecret：32 个字母和数字',
  OA_TOKEN: '“消息与事件推送”中的 Token：3 到 32 个字母和数字',
  OA_AES_KEY: '“消息与事件推送”中的 EncodingAESKey：43 个字母和数字',
  OA_UNFOLLOW: 'keep 或 forget',
  CODE_STOCK: '0 到 10000 的整数（0 表示不预先生成小程序码）',
  TICKET_TTL: seconds('3600'),
  CONFIRM_TTL: seconds('3600'),
  PICKUP_TTL: seconds('3600'),
  MATCH_CODE: 'off、show 或 choose',
  TOKEN_ISSUER: text,
  TOKEN_AUDIENCE: text,
  TOKEN_AUDIENCE_MINIPROGRAM: text,
  TOKEN_TTL: seconds('2592000（30 天）'),
  SIGNING_KEYS: 'JSON 格式的私有 JWKS，或 file:文件路径',
  OIDC: 'off 或 on',
  OIDC_SSO_MINUTES: '0 到 43200 的整数（分钟；0 表示每次登录都要扫码）',
  OIDC_EMAIL_DOMAIN: '占位邮箱的域名，例如 users.example.com',
  RATE_CREATE: calls,
  RATE_PHONE: calls,
  AUDIT_DAYS: '0 到 3650 的整数（天；0 表示不保留登录记录）',
  LOG_LEVEL: 'trace、debug、info、warn、error、fatal 或 silent',
}
