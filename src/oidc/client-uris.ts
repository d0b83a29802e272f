import type { Words } from '../language.ts'
import type { Client } from './clients.ts'

/** As the provider's library knows them: RFC 8252, 7.3, and the name that people type. */
const LOOPBACKS = new Set(['localhost', '127.0.0.1', '[::1]'])
const LONGEST = 2048

const isHttp = (uri: string): boolean => /^https?:/i.test(uri)
const isLoopback = (uri: string): boolean => isHttp(uri) && LOOPBACKS.has(new URL(uri).hostname)
const isPlain = (uri: string): boolean => /^http:/i.test(uri)

/**
 * Why an address cannot be one of a client's, as the end of a sentence that begins with it; null: it
 * can. It is compared letter by letter later on, so nothing of it is corrected here.
 *
 * @param rules.use where people are sent: back with a code, after a sign-out, or home
 * @param rules.isPublic whether the client has no secret: apps on phones and computers
 * @param rules.production whether plain http is for this machine alone
 */
export function problemOfUri(
  uri: string,
  rules: { use: 'redirect' | 'logout' | 'home'; isPublic: boolean; production: boolean },
): Words | null {
  const { use, isPublic, production } = rules
  if (uri.length > LONGEST) return say('is longer than 2048 characters', '超过 2048 个字符')
  if (!/^[a-z][a-z0-9+.-]*:/i.test(uri)) {
    return say(
      'is not absolute: it begins with https://, as in https://app.example.com/callback',
      '不是完整的地址：应以 https:// 开头，如 https://app.example.com/callback',
    )
  }
  if (uri.includes('*')) {
    return say(
      'has a *: each address is given in full, none by a pattern',
      '含有 *：每个地址都要完整写出，不支持通配符',
    )
  }
  if (!/^[!-~]+$/.test(uri) || /["<>\\^`{|}]/.test(uri)) {
    return say(
      'has characters that a URL cannot have: write them percent-encoded',
      '含有 URL 中不能出现的字符：请用百分号编码书写',
    )
  }
  if (use !== 'home' && uri.includes('#')) {
    return say('has a fragment (#), which is not allowed there', '带有片段（#），这里不允许')
  }
  if (!isHttp(uri)) return problemOfScheme(uri, use, isPublic)
  if (!/^https?:\/\/[^/]/i.test(uri) || !URL.canParse(uri)) {
    return say('is no URL: its host is missing or wrong', '不是有效的 URL：主机名缺失或有误')
  }
  const { username, password } = new URL(uri)
  if (username !== '' || password !== '' || /^[^/]+\/\/[^/?#]*@/.test(uri)) {
    return say('has a name or a password in it', '含有用户名或密码')
  }
  if (production && isPlain(uri) && !isLoopback(uri)) {
    return say(
      'must be https: plain http is for this machine alone (localhost, 127.0.0.1, [::1])',
      '必须使用 https：http 只能用于本机（localhost、127.0.0.1、[::1]）',
    )
  }
  return null
}

/** RFC 8252, 7.1: a domain of the app's maker, reversed, so that no two apps choose the same. */
function problemOfScheme(uri: string, use: string, isPublic: boolean): Words | null {
  if (use !== 'redirect')
    return say('must begin with https:// or http://', '应以 https:// 或 http:// 开头')
  if (!uri.slice(0, uri.indexOf(':')).includes('.') || !URL.canParse(uri)) {
    return say(
      'must begin with https://, or with a scheme of your own that has a dot, as in com.example.app:/callback',
      '应以 https:// 开头，或使用带点的自定义协议，如 com.example.app:/callback',
    )
  }
  return isPublic
    ? null
    : say(
        'has a scheme of its own, which is for apps on phones and computers: they need --public',
        '使用了自定义协议，这只适用于手机和电脑上的应用，需要 --public',
      )
}

/**
 * What kind of app the provider's library is to take a client for. A native one may have a scheme of
 * its own, and any port on this machine; of others the port counts, too.
 */
export function applicationTypeOf(
  client: Pick<Client, 'secretHash' | 'redirectUris' | 'postLogoutRedirectUris'>,
): 'native' | 'web' {
  const { secretHash, redirectUris } = client
  const native = secretHash === null && redirectUris.some((uri) => !/^https:/i.test(uri))
  return native && allFitNative(client) ? 'native' : 'web'
}

/** Of a native client the library takes http on this machine, and https elsewhere. */
const allFitNative = (client: Pick<Client, 'redirectUris' | 'postLogoutRedirectUris'>): boolean =>
  [...client.redirectUris, ...client.postLogoutRedirectUris].every(
    (uri) => !isHttp(uri) || isPlain(uri) === isLoopback(uri),
  )

/** Addresses that the library does not take together, as a sentence; null: it does. */
export const problemOfMixture = (
  client: Pick<Client, 'redirectUris' | 'postLogoutRedirectUris'>,
): Words | null =>
  client.redirectUris.every(isHttp) || allFitNative(client)
    ? null
    : say(
        'An app with a scheme of its own can have http on this machine and https elsewhere besides, not https on this machine or http elsewhere.',
        '使用自定义协议的应用，另外只能有本机的 http 地址和其他主机的 https 地址，不能有本机的 https 地址或其他主机的 http 地址。',
      )

const say = (en: string, zh: string): Words => ({ en, zh })
