import type { JWK } from 'jose'
import type { IncomingMessage } from 'node:http'
import type { AdapterFactory, KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { Db } from '../db/pool.ts'
import { PAGE_POLICY, policyText } from '../page-policy.ts'
import { hashSecret, sameHash } from '../tickets/secret.ts'
import { createFindAccount } from './account.ts'
import { metadataOf } from './client-metadata.ts'
import type { Client } from './clients.ts'
import { configurationOf, LONG_COOKIE, PATHS, SESSION_COOKIE } from './configuration.ts'
import { requestOf, responseTo, textOf, type Answer, type Asked, type Problem } from './exchange.ts'
import { happenedIn, type Happened } from './happened.ts'
import type { Library } from './library.ts'
import { createGuard } from './outage.ts'
import { createRecords, type RecordsOptions } from './records.ts'
import { createProtocolPages } from './pages.ts'
import type { OidcRules } from './rules.ts'

/** A device is told to wait so long between two polls, in seconds. */
const DEVICE_INTERVAL = 3
/** Its forms go on to the apps. The library adds the hash of a script of its own, where one sends itself. */
const { formAction: _, ...WITH_FORMS } = PAGE_POLICY
const POLICY = policyText(WITH_FORMS)

const PROBLEMS = [
  'server_error',
  'grant.error',
  'authorization.error',
  'device_authorization.error',
  'userinfo.error',
  'introspection.error',
  'revocation.error',
  'end_session.error',
  'end_session_confirm.error',
  'end_session_success.error',
] as const

export type ProviderOptions = Pick<RecordsOptions, 'pace'> & {
  db: Db
  /** The issuer, without a path. */
  publicUrl: string
  rules: OidcRules
  /** The media type of the site's logo, for the protocol's own pages. */
  logo?: string | null
  /** What a sign-in here is worth, the best first. */
  acrs: readonly string[]
  /** Private keys, of each kind the one first that signs now. */
  keys: () => Promise<readonly JWK[]>
  /** An app by its id; null where there is none, or it is disabled. */
  findClient: (id: string) => Promise<Client | null>
  /** Called with what is counted. */
  onHappened?: ((happened: Happened) => void) | undefined
}

export type OpenIdProvider = {
  /** @throws {Error} where the keys cannot be had, or the library fails in a way of its own */
  answer(asked: Asked): Promise<Answer>
}

type Exchange = Asked & { problem?: Problem; answer?: Answer; failed?: unknown }

/** Where an interaction goes on after its page. */
export const resumeUrlOf =
  (publicUrl: string) =>
  (uid: string): string =>
    `${publicUrl}${PATHS.authorization}/${uid}`

/**
 * The protocol, as a function of a request. The library takes its keys once, so there is a new provider
 * for each set of them, made in under a millisecond; all else is rows.
 */
export function createOpenIdProvider(library: Library, options: ProviderOptions): OpenIdProvider {
  const publicUrl = new URL(options.publicUrl)
  const asking = new WeakMap<IncomingMessage, Exchange>()
  const adapter = adapterOf(library, options)
  const findAccount = createFindAccount(
    options.db,
    createGuard(library.errors),
    options.rules.emailDomain,
  )

  function build(keys: readonly JWK[]): Provider {
    const provider = new library.Provider(
      options.publicUrl,
      configurationOf({
        library,
        adapter,
        keys,
        findAccount,
        acrs: options.acrs,
        ssoMinutes: options.rules.ssoMinutes,
        pages: createProtocolPages(options.logo ?? null),
        deviceInfoOf: (ctx) => asking.get(ctx.req)?.requester ?? {},
      }),
    )
    provider.proxy = true
    // The library has the hash for the secret: the stored one itself opens nothing.
    provider.Client.prototype.compareClientSecret = function (actual) {
      return sameHash(this.clientSecret ?? '', hashSecret(actual))
    }
    for (const event of PROBLEMS) {
      provider.on(event as 'grant.error', (ctx, error) => {
        const asked = asking.get(ctx.req)
        if (asked) asked.problem = problemOf(error)
      })
    }
    provider.use(async (ctx, next) => {
      const koa = ctx as KoaContextWithOIDC
      const asked = asking.get(koa.req) as Exchange
      koa.respond = false
      koa.set('content-security-policy', POLICY)
      try {
        await next()
        if (options.rules.ssoMinutes === 0) await forgetSession(koa)
      } catch (error) {
        // Sessions are kept when the library has answered already: an outage is one here, too.
        asked.failed = error instanceof library.errors.TemporarilyUnavailable ? error.cause : error
        return
      }
      if (koa.status === 503) koa.set('retry-after', '1')
      // A browser that asks again needs the cookies that it came with.
      if (koa.status >= 500) koa.remove('set-cookie')
      amendDevice(koa, options.publicUrl)
      hideFromPages(koa)
      asked.answer = answerOf(koa, asked.problem ?? null)
      const happened = happenedIn(koa, asked.problem?.error)
      if (happened) options.onHappened?.(happened)
    })
    return provider
  }

  let held: { kids: string; callback: ReturnType<Provider['callback']> } | null = null
  async function current(): Promise<ReturnType<Provider['callback']>> {
    const keys = await options.keys()
    const kids = keys.map(({ kid }) => kid).join(' ')
    if (held?.kids !== kids) held = { kids, callback: build(keys).callback() }
    return held.callback
  }

  return {
    async answer(asked) {
      const callback = await current()
      const request = requestOf(asked, publicUrl)
      const kept: Exchange = { ...asked }
      asking.set(request, kept)
      await callback(request, responseTo(request))
      if (!kept.answer) throw kept.failed ?? new Error('the protocol library gave no answer')
      return kept.answer
    },
  }
}

function adapterOf(library: Library, options: ProviderOptions): AdapterFactory {
  const { errors, Provider } = library
  const guard = createGuard(errors)
  const records = createRecords({
    db: options.db,
    errors,
    guard,
    resumeUrl: resumeUrlOf(options.publicUrl),
    isPoll: () => Provider.ctx?.oidc.route === 'token',
    pace: options.pace,
  })
  return (model) =>
    model === 'Client'
      ? {
          ...records(model),
          find: (id) =>
            guard(async () => {
              const client = await options.findClient(id)
              return client ? metadataOf(client) : undefined
            }),
        }
      : records(model)
}

/** Without single sign-on nothing of a sign-in stays in the browser. */
async function forgetSession(ctx: KoaContextWithOIDC): Promise<void> {
  if (ctx.oidc?.route !== 'resume' || !ctx.oidc.session) return
  await ctx.oidc.session.destroy()
  ctx.cookies.set(SESSION_COOKIE, null, { ...LONG_COOKIE, overwrite: true })
}

/**
 * Pages of other origins read only what their own app is told. The library lets every page read the
 * refusal of an app that it does not know, and takes `null` for an origin.
 */
function hideFromPages(ctx: KoaContextWithOIDC): void {
  const origin = ctx.get('origin')
  const route = ctx.oidc?.route ?? ''
  if (origin === '' || route === 'discovery' || route === 'cors.discovery') return
  if (origin !== 'null' && (ctx.oidc?.client || route.startsWith('cors.'))) return
  ctx.remove('access-control-allow-origin')
}

/** RFC 8628: our own page, and the pace that we ask for. */
function amendDevice(ctx: KoaContextWithOIDC, publicUrl: string): void {
  if (ctx.oidc?.route !== 'device_authorization' || ctx.status !== 200) return
  const { user_code: userCode, ...rest } = ctx.body as { user_code: string }
  ctx.body = {
    ...rest,
    user_code: userCode,
    verification_uri: `${publicUrl}/d`,
    verification_uri_complete: `${publicUrl}/d/${userCode}`,
    interval: DEVICE_INTERVAL,
  }
}

function answerOf(ctx: KoaContextWithOIDC, problem: Problem | null): Answer {
  const { 'content-length': _length, ...headers } = ctx.res.getHeaders()
  return {
    status: ctx.status,
    headers: headers as Answer['headers'],
    body: textOf(ctx.body),
    problem,
  }
}

function problemOf(error: {
  error?: string
  error_detail?: string | undefined
  expose?: boolean
  cause?: unknown
}): Problem {
  return {
    error: error.expose === true ? (error.error ?? 'server_error') : 'server_error',
    // The message of a cause may quote what could not be read.
    ...(error.error_detail !== undefined && !error.cause && { detail: error.error_detail }),
    cause: error,
  }
}
