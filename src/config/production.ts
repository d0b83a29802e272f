import type { Words } from '../language.ts'
import { isLocalDatabase } from './database-url.ts'
import { isLoopback, isPublic } from './hosts.ts'
import { SANDBOX_APPID, SANDBOX_APPIDS } from './sandbox.ts'
import { shapeOf, type Settings } from './settings.ts'
import { shapesInChinese } from './shapes-zh.ts'
import { parseUrl } from './values.ts'

/** Where a service runs, as far as it was told: null and empty lists are what was not set. */
export type Place = {
  /** NODE_ENV. */
  word: string | undefined
  host: string | null
  databaseUrl: string | null
  publicUrl: string | null
  apiBase: string | null
  proxies: readonly string[]
  corsOrigins: readonly string[]
  returnUrls: readonly string[]
  /** AppIDs of the accounts whose doors are open. */
  accounts: readonly string[]
}

/** A setting, and what is wrong with it here. */
type Problem = readonly [name: keyof Settings, sentence: Words]

/** With these words the operator says that it is not production, and is believed. */
const isDenied = ({ word }: Place): boolean => word === 'development' || word === 'test'

/** An https address is how the world reaches a service, so it counts as production. */
export const isProduction = (place: Place): boolean =>
  place.word === 'production' || (!isDenied(place) && isHttps(place.publicUrl))

/** The doors that would stand open in a place, and the ways on which secrets would go in the open. */
export const problemsOfPlace = (place: Place): Problem[] => [
  ...openDoors(place),
  ...problemsOfDatabase(place),
  ...(isProduction(place) ? openWays(place) : []),
]

/** In production, the default would be a database that the operator does not know of. */
export const problemsOfDatabase = (place: Place): Problem[] =>
  isProduction(place) && place.databaseUrl === null ? [missing('DATABASE_URL')] : []

/** The sandbox, and the simulated WeChat of `scenepass sandbox`: there, every visitor is any user. */
function openDoors(place: Place): Problem[] {
  const signs = signsOfProduction(place)
  if (signs.length === 0) return []
  const because = signs.includes('NODE_ENV')
    ? {
        en: 'NODE_ENV=development allows the sandbox',
        zh: 'NODE_ENV=development 时可以使用沙箱',
      }
    : {
        en: `${signs.join(', ')} ${signs.length === 1 ? 'says' : 'say'} that this is production; NODE_ENV=development says that it is not, and allows the sandbox`,
        zh: `${signs.join('、')} 表明这是生产环境；若不是，请设置 NODE_ENV=development，即可使用沙箱`,
      }
  if (place.accounts.length === 0) {
    return [
      [
        'WECHAT_APPID',
        {
          en: `WECHAT_APPID and WECHAT_SECRET must be set in production: without them this would be the sandbox, where every visitor can sign in as any user (${because.en})`,
          zh: `WECHAT_APPID 和 WECHAT_SECRET 在生产环境中必须设置：否则就是沙箱，任何人都能以任何身份登录（${because.zh}）`,
        },
      ],
    ]
  }
  // A rehearsal with several instances has a PostgreSQL and a proxy, too.
  const rehearsal = !signs.includes('NODE_ENV') && !signs.includes('PUBLIC_URL')
  const simulated = place.accounts.find((appid) => SANDBOX_APPIDS.includes(appid))
  if (simulated === undefined || rehearsal) return []
  if (simulated !== SANDBOX_APPID) {
    return [
      [
        'OA_APPID',
        {
          en: `OA_APPID must be that of your own service account in production: this one belongs to the simulated WeChat, where every visitor can sign in as any user (${because.en})`,
          zh: `OA_APPID 在生产环境中应为您自己的服务号的 AppID：当前的属于模拟微信，任何人都能以任何身份登录（${because.zh}）`,
        },
      ],
    ]
  }
  return [
    [
      'WECHAT_APPID',
      {
        en: `WECHAT_APPID must be that of your own mini program in production: this one belongs to the simulated WeChat, where every visitor can sign in as any user (${because.en})`,
        zh: `WECHAT_APPID 在生产环境中应为您自己的小程序的 AppID：当前的属于模拟微信，任何人都能以任何身份登录（${because.zh}）`,
      },
    ],
  ]
}

/** The settings that only a service in production has. */
function signsOfProduction(place: Place): (keyof Settings)[] {
  if (isDenied(place)) return []
  const { publicUrl, host, databaseUrl } = place
  const isPostgres = databaseUrl?.startsWith('pglite:') === false
  // A developer's own PostgreSQL, and an instance that only the developer's machine reaches.
  const atHome =
    (host === null || isLoopback(host)) &&
    (publicUrl === null || isLoopback(hostOf(publicUrl))) &&
    isLocalDatabase(databaseUrl ?? '')
  const signs: [keyof Settings, boolean][] = [
    ['NODE_ENV', place.word === 'production'],
    ['PUBLIC_URL', publicUrl !== null && (isHttps(publicUrl) || isPublic(hostOf(publicUrl)))],
    ['HOST', host !== null && isPublic(host)],
    ['DATABASE_URL', isPostgres && !atHome],
    ['TRUST_PROXY', place.proxies.length > 0],
    ['CORS_ORIGINS', place.corsOrigins.some(isSecureSite)],
    ['RETURN_URLS', place.returnUrls.some(isSecureSite)],
  ]
  return signs.filter(([, says]) => says).map(([name]) => name)
}

const openWays = ({ publicUrl, apiBase, corsOrigins, returnUrls }: Place): Problem[] => [
  ...(publicUrl === null ? [missing('PUBLIC_URL')] : open('PUBLIC_URL', [publicUrl], SECRETS)),
  ...open('WECHAT_API_BASE', apiBase === null ? [] : [apiBase], {
    en: 'the AppSecret goes there',
    zh: 'AppSecret 会发往该地址',
  }),
  ...open('CORS_ORIGINS', corsOrigins, SECRETS),
  ...open('RETURN_URLS', returnUrls, {
    en: 'a login token goes there',
    zh: '登录令牌会发往该地址',
  }),
]

const SECRETS: Words = {
  en: 'secrets and login tokens go there',
  zh: '密钥和登录令牌会发往该地址',
}

const missing = (name: keyof Settings): Problem => [
  name,
  {
    en: `${name} must be set in production: ${shapeOf(name)}`,
    zh: `${name} 在生产环境中必须设置：${shapesInChinese[name]}`,
  },
]

/** A problem where one of the addresses is neither https nor on this machine. */
function open(name: keyof Settings, urls: readonly string[], why: Words): Problem[] {
  if (urls.every((url) => isHttps(url) || isLoopback(hostOf(url)))) return []
  const en = `${name} must begin with https:// in production: ${why.en} (http is for localhost alone)`
  const zh = `${name} 在生产环境中必须以 https:// 开头：${why.zh}（http 只能用于 localhost）`
  return [[name, { en, zh }]]
}

const isHttps = (url: string | null): boolean => parseUrl(url ?? '')?.protocol === 'https:'
const isSecureSite = (url: string): boolean => isHttps(url) && !isLoopback(hostOf(url))
const hostOf = (url: string): string => parseUrl(url)?.hostname ?? ''
