import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { randomBytes } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { errorBody } from '../wechat/answers.ts'
import type { OfficialAccountState } from './state.ts'

const DEFAULT_SECONDS = 60
const LONGEST_SECONDS = 2_592_000
const LONGEST_SCENE = 64

type Query = Record<string, unknown>

/** The APIs of a service account that are called, below the prefix that they are registered with. */
export const officialAccountApiRoutes: FastifyPluginAsync<{
  state: OfficialAccountState
  /** No trailing slash; codes lead to `${publicUrl}/sandbox/q/…`. */
  publicUrl: string
  /** Where the account pushes to, as if it stood in the console. */
  service: string
}> = async (app, { state, publicUrl, service }) => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))

  const answer = (reply: FastifyReply, body: string) =>
    // As bytes: a string would have the content type completed.
    reply.type('application/json; encoding=utf-8').send(Buffer.from(body))
  const refuse = (reply: FastifyReply, errcode: number) =>
    answer(reply, errorBody('cgi-bin', errcode, state.now()))

  function tokenError(request: FastifyRequest): number {
    const { access_token: token } = request.query as Query
    return typeof token === 'string' && token !== '' ? state.tokens.check(token) : 41001
  }

  app.post('/cgi-bin/qrcode/create', (request, reply) => {
    const wrong = tokenError(request)
    if (wrong !== 0) return refuse(reply, wrong)
    if (!state.codesOfDay.take()) return refuse(reply, 45009)
    const asked = readCodeBody((request.body as string | undefined) ?? '')
    if ('errcode' in asked) return refuse(reply, asked.errcode)
    const url = `${publicUrl}/sandbox/q/${asked.scene}`
    const ticket = ticketOf(url, asked.seconds, state.now())
    return answer(reply, JSON.stringify({ ticket, expire_seconds: asked.seconds, url }))
  })

  app.post('/cgi-bin/callback/check', async (request, reply) => {
    const wrong = tokenError(request) || errcodeOfCheck((request.body as string | undefined) ?? '')
    if (wrong !== 0) return refuse(reply, wrong)
    const ips = await addressesOf(new URL(service).hostname)
    const dns = ips.map((ip) => ({ ip, real_operator: 'UNICOM' }))
    const ping = ips.map((ip) => ({
      ip,
      from_operator: 'UNICOM',
      package_loss: '0%',
      time: '0.042ms',
    }))
    return answer(reply, JSON.stringify({ dns, ping }))
  })

  app.get('/cgi-bin/user/info', (request, reply) => {
    const wrong = tokenError(request)
    if (wrong !== 0) return refuse(reply, wrong)
    const { openid } = request.query as Query
    if (typeof openid !== 'string' || !/^o[\w-]{27}$/.test(openid)) return refuse(reply, 40003)
    const follower = state.follower(openid)
    const rest = follower && {
      subscribe_time: follower.since,
      ...(state.person(follower.user).unionid && { unionid: state.person(follower.user).unionid }),
      subscribe_scene: 'ADD_SCENE_QR_CODE',
    }
    return answer(
      reply,
      JSON.stringify({
        subscribe: follower ? 1 : 0,
        openid,
        nickname: '',
        headimgurl: '',
        ...rest,
      }),
    )
  })
}

/** Of the question how WeChat reaches the service: 0 where it is right. */
function errcodeOfCheck(text: string): number {
  let body: { action?: unknown; check_operator?: unknown } | null
  try {
    body = JSON.parse(text) as typeof body
  } catch {
    return 47001
  }
  if (!['dns', 'ping', 'all'].includes(String(body?.action))) return 40202
  const operators = ['CHINANET', 'UNICOM', 'CAP', 'DEFAULT']
  return operators.includes(String(body?.check_operator)) ? 0 : 40203
}

/** A name without any has none, as at WeChat. */
const addressesOf = async (hostname: string): Promise<string[]> =>
  (await lookup(hostname.replace(/^\[|\]$/g, ''), { all: true }).catch(() => [])).map(
    ({ address }) => address,
  )

type Asked = { scene: string; seconds: number }

/** What is asked for, or the errcode: a body that is no JSON is a wrong action_name (seen). */
function readCodeBody(text: string): Asked | { errcode: number } {
  let body: {
    expire_seconds?: unknown
    action_name?: unknown
    action_info?: { scene?: { scene_str?: unknown } }
  }
  try {
    body = JSON.parse(text) as typeof body
  } catch {
    return { errcode: 40052 }
  }
  if (body?.action_name !== 'QR_STR_SCENE') return { errcode: 40052 }
  const scene = body.action_info?.scene?.scene_str
  if (typeof scene !== 'string' || scene === '' || scene.length > LONGEST_SCENE) {
    return { errcode: 40053 }
  }
  const { expire_seconds: asked = DEFAULT_SECONDS } = body
  const seconds =
    typeof asked === 'number' && asked > 0 ? Math.min(asked, LONGEST_SECONDS) : DEFAULT_SECONDS
  return { scene, seconds }
}

/** The address in a coat, as WeChat's own tickets are: lengths, the address, two times in little endian. */
function ticketOf(url: string, seconds: number, at: number): string {
  const head = Buffer.from([
    0x81,
    0x01,
    ...randomBytes(2),
    0x3c,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0x01,
    url.length & 255,
  ])
  const times = Buffer.alloc(14)
  times.writeUInt32BE(0x0002_0004, 0)
  times.writeUInt32LE(Math.floor(at / 1_000), 4)
  times.writeUInt16BE(0x0304, 8)
  times.writeUInt32LE(seconds, 10)
  return Buffer.concat([head, Buffer.from(url), times]).toString('base64url')
}
