import { isClientId, SANDBOX_CLIENT } from '../oidc/client-ids.ts'
import { problemOfMixture, problemOfUri } from '../oidc/client-uris.ts'
import type { Client } from '../oidc/clients.ts'
import type { ClientArguments } from './client-arguments.ts'
import { wrong, wrongValue } from './client-arguments.ts'

/** As many addresses of a kind as the table takes. */
const MOST_URIS = 32
const LONGEST_NAME = 64
/** Control characters, line breaks, and what is not seen: bidi marks, soft hyphens, zero width. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u

/** What is to be known of the settings. */
export type Surroundings = {
  production: boolean
  /** The audiences of the service's own tokens. */
  reserved: readonly string[]
  /** Whether there is a domain for placeholder addresses. */
  emailDomain: boolean
}

/** @throws {UsageError} where a client cannot have that id */
export function checkId(id: string, { reserved }: Surroundings): void {
  if (!isClientId(id)) {
    throw wrongValue('id', id, {
      en: 'must be 1 to 64 letters, digits, dots, hyphens and underscores, and begin with a letter or digit',
      zh: '应为 1 到 64 个字母、数字、点、连字符或下划线，并以字母或数字开头',
    })
  }
  if (reserved.includes(id)) {
    throw wrongValue('id', id, {
      en: "is an audience of the service's own tokens (TOKEN_AUDIENCE, TOKEN_AUDIENCE_MINIPROGRAM), which an app must not share",
      zh: '是本服务自己的令牌的 aud（TOKEN_AUDIENCE、TOKEN_AUDIENCE_MINIPROGRAM），应用不能与之相同',
    })
  }
  if (id === SANDBOX_CLIENT.id) {
    throw wrongValue('id', id, {
      en: "is the sandbox's own client: choose another one",
      zh: '是沙箱自带的客户端，请换一个',
    })
  }
}

/**
 * What was typed, before anything is looked up.
 *
 * @throws {UsageError} with the first thing that is wrong
 */
export function checkArguments(given: ClientArguments, { emailDomain }: Surroundings): void {
  const { name, redirect = [], logout = [], email } = given
  if (name !== undefined && (name === '' || [...name].length > LONGEST_NAME || UNSEEN.test(name))) {
    throw wrong(
      `--name must be 1 to ${LONGEST_NAME} characters, all of them visible: people read it on their phone.`,
      `--name 应为 1 到 ${LONGEST_NAME} 个可见字符：它会显示在用户的手机上。`,
    )
  }
  for (const [option, uris] of [
    ['redirect', redirect],
    ['logout', logout],
  ] as const) {
    // prettier-ignore
    if (uris.length > MOST_URIS) {
      throw wrong(`--${option} can be given ${MOST_URIS} times.`, `--${option} 最多写 ${MOST_URIS} 次。`)
    }
  }
  if (email === true && !emailDomain) {
    throw wrong(
      '--email needs OIDC_EMAIL_DOMAIN, the domain of the placeholder addresses, such as users.example.com: set it first.',
      '--email 需要先设置 OIDC_EMAIL_DOMAIN，即占位邮箱地址的域名，如 users.example.com。',
    )
  }
}

/**
 * The addresses that were typed.
 *
 * @throws {UsageError} with the first thing that is wrong
 */
export function checkAddresses(
  { redirect = [], logout = [], home }: ClientArguments,
  rules: { isPublic: boolean; production: boolean },
): void {
  for (const [use, uris] of [
    ['redirect', redirect],
    ['logout', logout],
    ['home', home ? [home] : []],
  ] as const) {
    for (const uri of uris) {
      const problem = problemOfUri(uri, { use, ...rules })
      if (problem !== null) throw wrongValue(use, uri, problem)
    }
  }
}

/**
 * A client as it is to be.
 *
 * @throws {UsageError} where its addresses do not go together, or lead nowhere
 */
export function checkClient(
  client: Pick<Client, 'device' | 'redirectUris' | 'postLogoutRedirectUris'>,
): void {
  const mixture = problemOfMixture(client)
  if (mixture !== null) throw wrong(mixture.en, mixture.zh)
  if (client.redirectUris.length === 0 && !client.device) {
    throw wrong(
      '--redirect is missing: the address in the app that people come back to, such as https://app.example.com/callback; only with --device it can be left out.',
      '缺少 --redirect：登录后回到应用的地址，如 https://app.example.com/callback；只有带 --device 时可以省略。',
    )
  }
}
