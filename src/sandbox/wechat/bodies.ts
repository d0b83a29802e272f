import { Type, type Static, type TSchema } from 'typebox'
import { Value } from 'typebox/value'

const tokenBody = Type.Object({
  grant_type: Type.Optional(Type.String()),
  appid: Type.Optional(Type.String()),
  secret: Type.Optional(Type.String()),
  force_refresh: Type.Optional(Type.Boolean()),
})

const channel = Type.Union([Type.Integer(), Type.String()])
const imageBody = Type.Object({
  scene: Type.Optional(Type.String()),
  page: Type.Optional(Type.String()),
  check_path: Type.Optional(Type.Boolean()),
  env_version: Type.Optional(Type.String()),
  width: Type.Optional(Type.Number()),
  auto_color: Type.Optional(Type.Boolean()),
  line_color: Type.Optional(Type.Object({ r: channel, g: channel, b: channel })),
  is_hyaline: Type.Optional(Type.Boolean()),
})

const linkBody = Type.Object({
  path: Type.Optional(Type.String()),
  query: Type.Optional(Type.String()),
  env_version: Type.Optional(Type.String()),
  expire_type: Type.Optional(Type.Integer()),
  expire_time: Type.Optional(Type.Number()),
  expire_interval: Type.Optional(Type.Number()),
})

const SCENE = /^[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]+$/
const QUERY = /^[0-9A-Za-z!#$&'()*+,/:;=?@\-._~%]{0,1024}$/
const ENV_VERSIONS = new Set(['release', 'trial', 'develop'])

type Refused = { errcode: number }

function parse<S extends TSchema>(schema: S, text: string, notJson: number): Static<S> | Refused {
  if (text === '') return { errcode: 44002 }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { errcode: notJson }
  }
  return Value.Check(schema, value) ? value : { errcode: 47001 }
}

const isForm = (contentType = ''): boolean => /form/i.test(contentType)

/** The body of /cgi-bin/stable_token, or the errcode its shape gets. */
export function readTokenBody(text: string): Static<typeof tokenBody> | Refused {
  return parse(tokenBody, text, 47001)
}

/**
 * What /wxa/getwxacodeunlimit is asked for, or the errcode. Pages are not looked up (nothing is
 * published here); colours are accepted and not drawn, so that every code can be scanned.
 */
export function readImageBody(
  text: string,
  contentType: string | undefined,
): { scene: string; width: number } | Refused {
  if (isForm(contentType)) return { errcode: 47001 }
  const body = parse(imageBody, text, 40169)
  if ('errcode' in body) return body
  const { scene = '', page = '', env_version = 'release', width = 430 } = body
  if (scene === '' || scene.length > 32) return { errcode: 40169 }
  if (!SCENE.test(scene)) return { errcode: 40129 }
  if (page.includes('scancode_time')) return { errcode: 85096 }
  if (page.startsWith('/') || page.includes('?')) return { errcode: 41030 }
  if (!ENV_VERSIONS.has(env_version)) return { errcode: 40097 }
  // Whether WeChat refuses or corrects such a width is not documented; a refusal shows the mistake.
  if (!Number.isInteger(width) || width < 280 || width > 1280) return { errcode: 40097 }
  return { scene, width }
}

/**
 * What /wxa/generate_urllink is asked for, or the errcode; `now` is in ms since 1970. Pages are not
 * looked up here, either.
 */
export function readLinkBody(
  text: string,
  contentType: string | undefined,
  now: number,
): { query: string } | Refused {
  if (isForm(contentType)) return { errcode: 47001 }
  const body = parse(linkBody, text, 47001)
  if ('errcode' in body) return body
  const { path = '', query = '', env_version = 'release' } = body
  if (path.startsWith('/') || path.includes('?')) return { errcode: 40165 }
  if (!QUERY.test(query)) return { errcode: 40212 }
  if (!ENV_VERSIONS.has(env_version)) return { errcode: 85402 }
  return livesWithinBounds(body, now) ? { query } : { errcode: 85401 }
}

/** From a minute to 30 days, until a time (type 0, in unix seconds) or for so many whole days (type 1). */
function livesWithinBounds(body: Static<typeof linkBody>, now: number): boolean {
  const { expire_type: type = 0, expire_time: time = 0, expire_interval: days = 0 } = body
  if (type === 1) return Number.isInteger(days) && days >= 1 && days <= 30
  const seconds = time - now / 1000
  return type === 0 && seconds >= 60 && seconds <= 30 * 86_400
}
