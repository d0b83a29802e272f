import type { FastifyBaseLogger, FastifyInstance, FastifyPluginAsync, FastifySchema } from 'fastify'
import { officialAccountApiRoutes } from './official-account/api-routes.ts'
import { officialAccountControlRoutes } from './official-account/control-routes.ts'
import { createPushClient } from './official-account/push-client.ts'
import { createOfficialAccountState } from './official-account/state.ts'
import { EXAMPLE_ID } from '../oidc/client-ids.ts'
import { exampleAppRoutes } from './app/routes.ts'
import { chatRoutes } from './chat/routes.ts'
import { demoPage } from './demo/document.ts'
import { guideRoutes, hasGuide } from './demo/guide.ts'
import { demoRoutes } from './demo/routes.ts'
import { phoneRoutes } from './phone/routes.ts'
import { controlRoutes } from './wechat/control-routes.ts'
import { wechatRoutes } from './wechat/routes.ts'
import { createSandboxState } from './wechat/state.ts'

export type SandboxOptions = {
  /**
   * Where a browser reaches this app, no trailing slash: codes and links lead to
   * `${publicUrl}/sandbox/phone?scene=…`.
   */
  publicUrl: string
  /** The credentials that it knows. */
  appid: string
  secret: string
  /** The service account that it has as well, and where it pushes what happens: `${service}/wechat/events`. */
  officialAccount?: {
    appid: string
    secret: string
    token: string
    aesKey: string
    service: string
  }
  /** By default the app's own. */
  log?: Pick<FastifyBaseLogger, 'warn'>
  /** ms since 1970; tests move it. */
  now?: () => number
}

/**
 * A simulated WeChat under /sandbox: /sandbox/wechat speaks WeChat's API, /sandbox/phone is a
 * phone. For trials and tests only: every visitor can sign in as any user.
 */
export const sandbox: FastifyPluginAsync<SandboxOptions> = async (app, options) => {
  const { publicUrl, appid, secret, officialAccount, now = Date.now } = options
  const state = createSandboxState({ appid, now })
  const account = officialAccount && {
    ...officialAccount,
    state: createOfficialAccountState({ appid: officialAccount.appid, now }),
  }

  // No part of the service's own interface: API documents leave it out.
  app.addHook('onRoute', (route) => {
    route.schema = { ...route.schema, hide: true } as FastifySchema
  })

  await app.register(wechatRoutes, {
    prefix: '/sandbox/wechat',
    state,
    appid,
    secret,
    publicUrl,
    officialAccount: account && { ...account, tokens: account.state.tokens },
  })
  await app.register(controlRoutes, { prefix: '/sandbox', state })
  await app.register(phoneRoutes, { prefix: '/sandbox' })
  if (account) {
    await app.register(chatRoutes, { prefix: '/sandbox' })
    const push = createPushClient({ ...account, url: `${account.service}/wechat/events`, now })
    app.addHook('onClose', () => push.close())
    await app.register(officialAccountApiRoutes, {
      prefix: '/sandbox/wechat',
      state: account.state,
      publicUrl,
      service: account.service,
    })
    await app.register(officialAccountControlRoutes, {
      prefix: '/sandbox',
      state: account.state,
      push,
    })
  }

  const { log = app.log } = options
  log.warn(
    { appid, phone: `${publicUrl}/sandbox/phone` },
    'SANDBOX: this is not WeChat. Every visitor can sign in as any user. Never use it in production.',
  )
}

/** What a service with a sandbox has: the simulated WeChat, and the demo around its own login page. */
export const createSandbox = (options: SandboxOptions & { oidc?: boolean }) => ({
  plugin: async (app: FastifyInstance): Promise<void> => {
    await app.register(sandbox, options)
    await app.register(demoRoutes, { prefix: '/sandbox' })
    await app.register(guideRoutes, { prefix: '/sandbox' })
    if (options.oidc) {
      const example = { issuer: options.publicUrl, clientId: EXAMPLE_ID }
      await app.register(exampleAppRoutes, { prefix: '/sandbox', ...example })
    }
  },
  page: demoPage({ oidc: options.oidc === true, guide: hasGuide() }),
  /** What the demo shows in the frame of its phone. */
  framed: ['/sandbox/phone', '/sandbox/q', '/sandbox/q/:scene'],
})
