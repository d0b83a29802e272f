import { randomBytes } from 'node:crypto'

const MORE =
  'could get access_token by getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r'

/** WeChat's words, as its servers send them before the `rid`. */
const messages: Record<number, string> = {
  [-1]: 'system error',
  40001: `invalid credential, access_token is invalid or not latest, ${MORE}`,
  40002: 'invalid grant_type',
  40003: 'invalid openid',
  40013: 'invalid appid',
  40014: 'invalid access_token',
  40029: 'invalid code',
  40052: 'invalid action name',
  40053: 'invalid action info, please check document',
  40097: 'invalid args',
  40125: 'invalid appsecret',
  40129: 'invalid scene',
  40163: 'code been used',
  40164: 'invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist',
  40165: 'invalid weapp pagepath',
  40169: 'invalid length for scene, or the data is not json string',
  40212: 'invalid query',
  40226: 'code blocked',
  41001: 'access_token missing',
  41002: 'appid missing',
  41004: 'appsecret missing',
  41008: 'missing code',
  41030: 'invalid page',
  42001: 'access_token expired',
  43002: 'require POST method',
  44002: 'empty post data',
  44990: 'reach max api second frequence limit',
  44993: 'reach max api day frequence limit',
  45009: 'api freq out of limit',
  45011: 'api minute-quota reach limit, must slower, retry next minute',
  47001: 'data format error',
  48001: 'api unauthorized',
  85079: 'miniprogram has no online release',
  85096: 'not allow include scancode_time field',
  85401: 'time limit between 1min and 30days',
  85402: 'invalid env_version',
  85406: 'daily visit limit',
  85407: 'no scheme permission',
  85408: 'appid banned',
}

/** The daily quota of /cgi-bin/token has a text of its own. */
export const PLAIN_TOKEN_QUOTA = `reach max api daily quota limit, ${MORE}`

export type Subsystem = 'sns' | 'cgi-bin' | 'wxa'

/**
 * WeChat's error body. The `rid` begins with the unix seconds in hex; `sns` puts a comma before
 * it, `cgi-bin` and `wxa` do not.
 */
export function errorBody(
  subsystem: Subsystem,
  errcode: number,
  at: number,
  text = messages[errcode] ?? 'error made by the sandbox',
): string {
  const seconds = Math.floor(at / 1000)
    .toString(16)
    .padStart(8, '0')
  const rid = [seconds, randomBytes(4).toString('hex'), randomBytes(4).toString('hex')].join('-')
  const errmsg = `${text}${subsystem === 'sns' ? ',' : ''} rid: ${rid}`
  return JSON.stringify({ errcode, errmsg })
}
