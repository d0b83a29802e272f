import { STATUS_CODES } from 'node:http'
import { Type, type TSchema } from 'typebox'
import { catalogue, type ErrorCode } from '../errors.ts'
import { NOTICE_KINDS } from '../sign-in/notices.ts'
import { USER_CODE_PATTERN } from '../tickets/match-code.ts'
import { CHANNELS, SCENE_PATTERN } from '../tickets/ticket.ts'

export * from './route-errors.ts'

/** Wire shapes: the contract, each written once. JSON, snake_case. */

const oneOf = <const T extends string>(values: readonly T[], options: object = {}) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], ...options })

export const Scene = Type.String({
  pattern: SCENE_PATTERN,
  description: "The ticket's public name, printed in the code",
  examples: ['V1StGXR8_Z5jdHi6B-myTkQl9c'],
})

export const SceneParams = Type.Object({ scene: Scene })

// Any text: one that WeChat cannot have made is refused as a login code, not as a request.
const LoginCode = Type.String({
  pattern: '^[^\\u0000-\\u001f\\u007f]{1,512}$',
  description: 'What wx.login gave the mini program; works once, for 5 minutes',
})

const UserCode = Type.String({ pattern: USER_CODE_PATTERN, examples: ['WDJB-MJHT'] })

const MatchCode = Type.String({
  pattern: `^[1-9][0-9]$|${USER_CODE_PATTERN}`,
  description: "Two digits, or a device's user code",
  examples: ['47'],
})

export const Status = oneOf([
  'pending',
  'scanned',
  'confirmed',
  'consumed',
  'denied',
  'canceled',
  'expired',
])

const ExpiresIn = Type.Integer({ description: 'Seconds left of the current window' })
const Interval = Type.Number({
  description: 'Seconds to wait before the next poll; fractions allowed, 0 = stop',
})

const TokenFields = {
  token: Type.String({ description: 'The login token, an ES256 JWT' }),
  token_type: oneOf(['Bearer']),
  token_expires_in: Type.Integer({ description: 'Seconds the token still lives' }),
}

export const InteractionParams = Type.Object({
  uid: Type.String({ description: 'Of the sign-in that GET /oidc/authorize began: the cookie' }),
})

export const UserCodeParams = Type.Object({
  user_code: Type.String({ description: 'What the device shows', examples: ['WDJB-MJHT'] }),
})

const Channel = oneOf(CHANNELS, { description: 'Which account the code belongs to' })

export const CreateBody = Type.Object({
  scene: Type.Optional(Scene),
  channel: Type.Optional(Channel),
})

const CodeUrl = Type.String({ description: 'With ?image=true, if made in time: a data: URL' })
const WithImage = oneOf(['true'], { description: 'Answer with the image of the code' })
// In the query: JSON in a body would cost a page of another origin a call that asks for permission.
export const CreateQuery = Type.Object({ image: Type.Optional(WithImage) })

export const CreatedTicket = Type.Object(
  {
    scene: Scene,
    secret: Type.String({ description: 'Needed for every poll; shown this once' }),
    status: oneOf(['pending']),
    channel: Channel,
    expires_in: ExpiresIn,
    interval: Interval,
    match_code: Type.Union([MatchCode, Type.Null()], {
      description:
        "To show beside the code: two digits, or a device's user code; null where MATCH_CODE is off and there is no device",
    }),
    match_mode: oneOf(['off', 'show', 'choose'], {
      description:
        'What the phone does with it: nothing, shows it to compare, or offers three to tap',
    }),
    qrcode_url: Type.String(),
    qrcode: Type.Optional(CodeUrl),
    link_url: Type.Optional(
      Type.String({
        description: 'Where to get the link for phones; only with WECHAT_URL_LINK=on',
      }),
    ),
  },
  { description: 'A new ticket' },
)

export const TicketState = Type.Object(
  {
    scene: Scene,
    status: Status,
    expires_in: ExpiresIn,
    interval: Interval,
    token: Type.Optional(TokenFields.token),
    token_type: Type.Optional(TokenFields.token_type),
    token_expires_in: Type.Optional(TokenFields.token_expires_in),
    user: Type.Optional(Type.Object({ id: Type.String() })),
  },
  { description: 'The ticket as it stands; with the token once it is confirmed' },
)

export const CodeImage = Type.Object(
  {
    content_type: oneOf(['image/png', 'image/jpeg']),
    data: Type.String({ description: 'The image, base64' }),
  },
  { description: 'The code, for callers that accept JSON' },
)

export const TicketLink = Type.Object(
  {
    link: Type.String({
      description: 'Opens the mini program, as the code does',
      examples: ['https://wxaurl.cn/AbCdEfGhIjK'],
    }),
  },
  { description: 'The link, for a browser on the phone itself' },
)

export const CodeBody = Type.Object({ code: LoginCode })

export const ScanBody = Type.Object({
  code: LoginCode,
  entered_by: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 99_999, description: 'wx.getEnterOptionsSync().scene' }),
  ),
})

const Nullable = (schema: TSchema) => Type.Union([schema, Type.Null()])

const Country = Type.String({
  pattern: '^[A-Z]{2}$',
  description: 'ISO 3166-1 alpha-2; only with LOCATION_HEADER',
  examples: ['CN'],
})

export const ScannedTicket = Type.Object(
  {
    scene: Scene,
    status: oneOf(['scanned']),
    expires_in: ExpiresIn,
    site: Type.String({ description: 'What the person signs in to' }),
    device: Type.Optional(
      Type.Object(
        { user_code: UserCode },
        { description: 'A device asks, and has this on its screen; absent where a browser asks' },
      ),
    ),
    requested_by: Type.Object({
      ip: Nullable(Type.String()),
      country: Nullable(Country),
      browser: Nullable(Type.String()),
      os: Nullable(Type.String()),
      at: Type.String({ description: 'RFC 3339, UTC' }),
    }),
    match: Type.Object({
      mode: oneOf(['off', 'show', 'choose']),
      code: Type.Optional(MatchCode),
      choices: Type.Optional(Type.Array(MatchCode, { minItems: 3, maxItems: 3 })),
    }),
    notices: Type.Array(
      Type.Object({
        kind: oneOf(NOTICE_KINDS),
        browser: Type.Optional(Country),
        phone: Type.Optional(Country),
        count: Type.Optional(Type.Integer({ description: 'Tickets; 1000 means 1000 or more' })),
      }),
      { description: 'What is unusual, the gravest first' },
    ),
  },
  { description: 'Who is asking, from where' },
)

export const LoginBody = Type.Object({
  code: LoginCode,
  scene: Type.Optional(Scene),
  match_code: Type.Optional(MatchCode),
})

export const Login = Type.Object(
  {
    scene: Type.Optional(Scene),
    status: Type.Optional(oneOf(['confirmed'])),
    user: Type.Object({ id: Type.String(), created: Type.Boolean() }),
    token: Type.Optional(TokenFields.token),
    token_type: Type.Optional(TokenFields.token_type),
    token_expires_in: Type.Optional(TokenFields.token_expires_in),
  },
  {
    description:
      "With the mini program's own token, unless an official account was scanned; the browser's comes with its next poll",
  },
)

export const DeniedTicket = Type.Object(
  { scene: Scene, status: oneOf(['denied']) },
  { description: 'Declined' },
)

/** Answers that every route can give. */
const common: ErrorCode[] = [
  'INVALID_REQUEST',
  'INTERNAL',
  'DATABASE_UNAVAILABLE',
  'SHUTTING_DOWN',
  'OVERLOADED',
]

/** The error answers of a route: one schema a status, with exactly the codes it can carry. */
export function errors(...codes: ErrorCode[]): Record<number, TSchema> {
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of [...codes, ...common]) {
    const { status } = catalogue[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries(
    [...byStatus].map(([status, of]) => [
      status,
      Type.Object(
        {
          statusCode: Type.Integer({ const: status }),
          code: oneOf(of),
          error: Type.String({ examples: [STATUS_CODES[status]] }),
          message: Type.String({ description: 'What happened and what to do, zh or en' }),
          ...(status >= 500 ? { request_id: Type.String() } : {}),
        },
        { description: of.join(', ') },
      ),
    ]),
  )
}
