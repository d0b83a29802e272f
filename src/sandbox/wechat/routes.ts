import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { errorBody, PLAIN_TOKEN_QUOTA, type Subsystem } from './answers.ts'
import { readImageBody, readLinkBody, readTokenBody } from './bodies.ts'
import type { Api } from './faults.ts'
import { createMisbehaviour } from './misbehaviour.ts'
import { drawRoundCode } from './round-code/draw.ts'
import type { SandboxState } from './state.ts'

export type WechatRoutesOptions = {
  state: SandboxState
  appid: string
  secret: string
  /** The other account that it knows, whose tokens come from the same API. */
  officialAccount?: { appid: string; secret: string; tokens: SandboxState['tokens'] } | undefined
  /** No trailing slash; codes and links lead to `${publicUrl}/sandbox/phone?scene=…`. */
  publicUrl: string
}

type Query = Record<string, unknown>

const subsystems: Record<Api, Subsystem> = {
  stable_token: 'cgi-bin',
  token: 'cgi-bin',
  getwxacodeunlimit: 'wxa',
  generate_urllink: 'wxa',
  code2session: 'sns',
}

/** As seen, for errors and for the JSON of a success. */
const contentTypes: Record<Api, string> = {
  stable_token: 'application/json; encoding=utf-8',
  token: 'application/json; encoding=utf-8',
  getwxacodeunlimit: 'application/json; charset=UTF-8',
  generate_urllink: 'application/json; charset=UTF-8',
  code2session: 'text/plain',
}

/** WeChat's four APIs (and the older /cgi-bin/token), below the prefix that they are registered with. */
export const wechatRoutes: FastifyPluginAsync<WechatRoutesOptions> = async (app, options) => {
  const { state, appid, secret, publicUrl, officialAccount } = options
  const accounts = [{ appid, secret, tokens: state.tokens }, officialAccount]
  const misbehave = createMisbehaviour(app)

  // WeChat looks at the bytes, not at the content type, and has its own answers for what is no JSON.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))

  function answer(reply: FastifyReply, api: Api, body: string) {
    // As bytes: a string would have the content type completed, and WeChat's are odd on purpose.
    return reply.type(contentTypes[api]).send(Buffer.from(body))
  }

  function refuse(reply: FastifyReply, api: Api, errcode: number, text?: string) {
    return answer(reply, api, errorBody(subsystems[api], errcode, state.now(), text))
  }

  function api(
    name: Api,
    handle: (request: FastifyRequest, reply: FastifyReply) => FastifyReply | Promise<FastifyReply>,
  ) {
    return async (request: FastifyRequest, reply: FastifyReply) => {
      const fault = state.faults.arrive(name)
      if (fault !== undefined) {
        if (await misbehave(fault, reply)) return reply
        if (fault.errcode !== undefined) return refuse(reply, name, fault.errcode)
      }
      return handle(request, reply)
    }
  }

  /** What is missing comes first; an unknown appid is told before a wrong grant_type (seen). */
  function credentialsError(given: Query, grantType: string): number {
    if (!given.appid) return 41002
    if (!given.secret) return 41004
    const account = accounts.find((each) => each?.appid === given.appid)
    if (!account) return 40013
    if (given.grant_type !== grantType) return 40002
    return given.secret === account.secret ? 0 : 40125
  }

  /** What an access token in the query gets; 0 where it is good. */
  function tokenError(request: FastifyRequest): number {
    const { access_token: token } = request.query as Query
    return typeof token === 'string' && token !== '' ? state.tokens.check(token) : 41001
  }

  const phoneUrl = (scene: string) =>
    `${publicUrl}/sandbox/phone?scene=${encodeURIComponent(scene)}`

  const text = (request: FastifyRequest) => (request.body as string | undefined) ?? ''

  app.post(
    '/cgi-bin/stable_token',
    api('stable_token', (request, reply) => {
      const body = readTokenBody(text(request))
      if ('errcode' in body) return refuse(reply, 'stable_token', body.errcode)
      const wrong = credentialsError(body, 'client_credential')
      if (wrong !== 0) return refuse(reply, 'stable_token', wrong)
      if (!state.quotas.stableMinute.take()) return refuse(reply, 'stable_token', 45011)
      if (!state.quotas.stableDay.take()) return refuse(reply, 'stable_token', 45009)
      const { tokens = state.tokens } = accounts.find((each) => each?.appid === body.appid) ?? {}
      const token = tokens.stable(body.force_refresh ?? false)
      return answer(reply, 'stable_token', JSON.stringify(token))
    }),
  )

  app.get(
    '/cgi-bin/token',
    api('token', (request, reply) => {
      const wrong = credentialsError(request.query as Query, 'client_credential')
      if (wrong !== 0) return refuse(reply, 'token', wrong)
      if (!state.quotas.plainDay.take()) return refuse(reply, 'token', 45009, PLAIN_TOKEN_QUOTA)
      return answer(reply, 'token', JSON.stringify(state.tokens.plain()))
    }),
  )

  app.post(
    '/wxa/getwxacodeunlimit',
    api('getwxacodeunlimit', async (request, reply) => {
      const wrong = tokenError(request)
      if (wrong !== 0) return refuse(reply, 'getwxacodeunlimit', wrong)
      // The documented code; whether it is really this one or 45011 is not confirmed.
      if (!state.quotas.codeImageMinute.take()) return refuse(reply, 'getwxacodeunlimit', 45009)
      const asked = readImageBody(text(request), request.headers['content-type'])
      if ('errcode' in asked) return refuse(reply, 'getwxacodeunlimit', asked.errcode)
      const bytes = drawRoundCode(phoneUrl(asked.scene), asked.width)
      // PNG bytes under a JPEG label: what WeChat does with a transparent code.
      return reply
        .type('image/jpeg')
        .header('cache-control', 'no-cache, must-revalidate')
        .header('content-disposition', `attachment; filename="_${asked.scene}"`)
        .send(bytes)
    }),
  )

  app.post(
    '/wxa/generate_urllink',
    api('generate_urllink', (request, reply) => {
      const wrong = tokenError(request)
      if (wrong !== 0) return refuse(reply, 'generate_urllink', wrong)
      if (!state.quotas.linkSecond.take()) return refuse(reply, 'generate_urllink', 44990)
      if (!state.quotas.linkDay.take()) return refuse(reply, 'generate_urllink', 44993)
      const asked = readLinkBody(text(request), request.headers['content-type'], state.now())
      if ('errcode' in asked) return refuse(reply, 'generate_urllink', asked.errcode)
      // WeChat's number for a mini program that its URL Link opened.
      const query = new URLSearchParams(asked.query)
      query.set('entered_by', '1194')
      const link = `${publicUrl}/sandbox/phone?${query}`
      const success = { errcode: 0, errmsg: 'ok', url_link: link }
      return answer(reply, 'generate_urllink', JSON.stringify(success))
    }),
  )

  app.get(
    '/sns/jscode2session',
    api('code2session', (request, reply) => {
      const query = request.query as Query
      const { js_code: code } = query
      if (query.appid && query.secret && !code) return refuse(reply, 'code2session', 41008)
      const wrong = credentialsError(query, 'authorization_code')
      if (wrong !== 0) return refuse(reply, 'code2session', wrong)
      const session = state.codes.redeem(String(code))
      if (typeof session === 'number') return refuse(reply, 'code2session', session)
      return answer(reply, 'code2session', JSON.stringify(session))
    }),
  )

  for (const [path, name] of [
    ['/cgi-bin/stable_token', 'stable_token'],
    ['/wxa/getwxacodeunlimit', 'getwxacodeunlimit'],
    ['/wxa/generate_urllink', 'generate_urllink'],
  ] as const) {
    app.get(path, (_request, reply) => refuse(reply, name, 43002))
  }
}
