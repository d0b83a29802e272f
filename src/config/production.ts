import { isLocalDatabase } from './database-url.ts'
import { isLoopback, isPublic } from './hosts.ts'
import { SANDBOX_APPID } from './sandbox.ts'
import { shapeOf, type Settings } from './settings.ts'
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
  appid: string | null
}

/** A setting, and what is wrong with it here. */
type Problem = readonly [name: keyof Settings, sentence: string]

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
  isProduction(place) && place.databaseUrl === null
    ? [['DATABASE_URL', `DATABASE_URL must be set in production: ${shapeOf('DATABASE_URL')}`]]
    : []

/** The sandbox, and the simulated WeChat of `scenepass sandbox`: there, every visitor is any user. */
function openDoors(place: Place): Problem[] {
  const signs = signsOfProduction(place)
  if (signs.length === 0) return []
  const because = signs.includes('NODE_ENV')
    ? 'NODE_ENV=development allows the sandbox'
    : `${signs.join(', ')} ${signs.length === 1 ? 'says' : 'say'} that this is production; NODE_ENV=development says that it is not, and allows the sandbox`
  if (place.appid === null) {
    return [
      [
        'WECHAT_APPID',
        `WECHAT_APPID and WECHAT_SECRET must be set in production: without them this would be the sandbox, where every visitor can sign in as any user (${because})`,
      ],
    ]
  }
  // A rehearsal with several instances has a PostgreSQL and a proxy, too.
  const rehearsal = !signs.includes('NODE_ENV') && !signs.includes('PUBLIC_URL')
  if (place.appid !== SANDBOX_APPID || rehearsal) return []
  return [
    [
      'WECHAT_APPID',
      `WECHAT_APPID must be that of your own mini program in production: this one belongs to the simulated WeChat, where every visitor can sign in as any user (${because})`,
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
  ...(publicUrl === null ? [PUBLIC_URL_MISSING] : open('PUBLIC_URL', [publicUrl], SECRETS)),
  ...open('WECHAT_API_BASE', apiBase === null ? [] : [apiBase], 'the AppSecret goes there'),
  ...open('CORS_ORIGINS', corsOrigins, SECRETS),
  ...open('RETURN_URLS', returnUrls, 'a login token goes there'),
]

const SECRETS = 'secrets and login tokens go there'
const PUBLIC_URL_MISSING: Problem = [
  'PUBLIC_URL',
  `PUBLIC_URL must be set in production: ${shapeOf('PUBLIC_URL')}`,
]

/** A problem where one of the addresses is neither https nor on this machine. */
const open = (name: keyof Settings, urls: readonly string[], why: string): Problem[] =>
  urls.every((url) => isHttps(url) || isLoopback(hostOf(url)))
    ? []
    : [
        [
          name,
          `${name} must begin with https:// in production: ${why} (http is for localhost alone)`,
        ],
      ]

const isHttps = (url: string | null): boolean => parseUrl(url ?? '')?.protocol === 'https:'
const isSecureSite = (url: string): boolean => isHttps(url) && !isLoopback(hostOf(url))
const hostOf = (url: string): string => parseUrl(url)?.hostname ?? ''
