import type { KoaContextWithOIDC } from 'oidc-provider'

/**
 * What apps do here, as it is counted. `authorization`: an app has sent a browser. `device`: a device
 * has asked for a code. `tokens`: the first ones of a sign-in. `refresh`: those after. `denied`: the
 * person said no. `error`: the app's request was refused.
 */
export const happenings = [
  'authorization',
  'device',
  'tokens',
  'refresh',
  'denied',
  'error',
] as const

/** @param client an app that there is, by its id; empty where the request named none */
export type Happened = { client: string; event: (typeof happenings)[number] }

const GRANTS: Record<string, Happened['event']> = {
  authorization_code: 'tokens',
  'urn:ietf:params:oauth:grant-type:device_code': 'tokens',
  refresh_token: 'refresh',
}

/** Answers that are part of it: a device waits, and a browser is not remembered. */
const ORDINARY = new Set([
  'authorization_pending',
  'slow_down',
  'login_required',
  'consent_required',
  'interaction_required',
])

/**
 * What a request came to; null where that is not counted.
 *
 * @param error as the standards call it; undefined where there was none
 */
export function happenedIn(ctx: KoaContextWithOIDC, error: string | undefined): Happened | null {
  const { route } = ctx.oidc ?? {}
  const event = eventOf(ctx, route, error)
  // As the provider has found it, so that no caller makes up a value.
  return event && { client: ctx.oidc?.client?.clientId ?? '', event }
}

function eventOf(
  ctx: KoaContextWithOIDC,
  route: string | undefined,
  error: string | undefined,
): Happened['event'] | null {
  const counted = ['authorization', 'resume', 'device_authorization', 'token']
  if (route === undefined || !counted.includes(route)) return null
  if (error !== undefined) {
    if (ORDINARY.has(error)) return null
    return error === 'access_denied' ? 'denied' : 'error'
  }
  if (route === 'authorization') return 'authorization'
  if (route === 'device_authorization') return 'device'
  const grant = ctx.oidc?.params?.['grant_type']
  return route === 'token' && typeof grant === 'string' ? (GRANTS[grant] ?? null) : null
}
