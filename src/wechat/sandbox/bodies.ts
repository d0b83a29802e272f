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

const SCENE = /^[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]+$/
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
  contentType = '',
): { scene: string; width: number } | Refused {
  if (/form/i.test(contentType)) return { errcode: 47001 }
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
