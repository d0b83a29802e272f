import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { AppError } from '../../errors.ts'
import { readUserCode } from '../../oidc/find-device.ts'
import type { Language } from '../../language.ts'
import type { Channel } from '../../tickets/ticket.ts'
import type { Asking, FindAsking } from '../asking-device.ts'
import { languageOf, varyBy, wantsHtml } from '../negotiation.ts'
import { errorOf, type OpenInteraction } from '../open-interaction.ts'
import { aboutDevice, DEVICE_NOTICES, typeCodePage } from '../pages/device-page.ts'
import { loginPage, type LoginPageExtras } from '../pages/login-page.ts'
import { noticePage, wayBackTo } from '../pages/notice-page.ts'
import { OVER } from '../pages/over.ts'
import type { Site } from '../site.ts'
import * as schemas from '../schemas.ts'
import { HTML, JS, serve } from './pages.ts'

export type AppPagesOptions = {
  site: Site
  /** The doors that are open. */
  channels: readonly Channel[]
  extras: LoginPageExtras | null
  openInteraction: OpenInteraction
  findAsking: FindAsking
}

/** The pages of a sign-in to another app, and of a device. */
export const appPages: FastifyPluginAsyncTypebox<AppPagesOptions> = async (
  app,
  { site, channels, extras, openInteraction, findAsking },
) => {
  await serve(app, '/sign-in.js', '../../web/page/sign-in.js', JS)
  await serve(app, '/device.js', '../../web/page/device.js', JS)

  const interaction = { hide: true, params: schemas.InteractionParams }
  app.get('/sign-in/:uid', { schema: interaction }, async (request, reply) => {
    const { uid } = request.params
    const opened = await openInteraction(request, uid)
    const language = localeOf(opened.locales) ?? languageOf(request, 'zh')
    if (opened.state === 'open') {
      const { name, homeUrl } = opened.client
      const use = { kind: 'app', app: name, begin: `/sign-in/${uid}/ticket`, homeUrl } as const
      return send(reply, loginPage({ site, language, channels, extras, use }))
    }
    varyBy(reply, 'accept')
    if (!wantsHtml(request)) throw errorOf(opened)
    const { state, client } = opened
    const notice = { ...OVER[state], link: wayBackTo(client) }
    return send(reply.code(state === 'foreign' ? 400 : 410), noticePage(site, language, notice))
  })

  const form = { hide: true, querystring: Type.Object({ user_code: Type.Optional(Type.String()) }) }
  app.get('/d', { schema: form }, (request, reply) => {
    const { user_code: typed = null } = request.query
    const userCode = typed === null ? null : readUserCode(typed)
    if (userCode !== null) return reply.redirect(`/d/${userCode}`, 303)
    const language = languageOf(request, 'zh')
    if (typed !== null) reply.code(400)
    return send(reply, typeCodePage({ site, language, typed: typed?.slice(0, 40) ?? null }))
  })

  const device = { hide: true, params: schemas.UserCodeParams }
  app.get('/d/:user_code', { schema: device }, async (request, reply) => {
    const { user_code: typed } = request.params
    const language = languageOf(request, 'zh')
    const asking = await findOrNull(request, typed)
    varyBy(reply, 'accept')
    if (!asking) {
      if (!wantsHtml(request)) throw new AppError('TICKET_NOT_FOUND')
      return send(reply.code(404), typeCodePage({ site, language, typed }))
    }
    // One address a device, however its code was written.
    if (asking.userCode !== typed) return reply.redirect(`/d/${asking.userCode}`, 303)
    return send(reply, devicePage(asking, language))
  })

  function devicePage({ userCode, client, device }: Asking, language: Language): string {
    if (device.state !== 'waiting') {
      return noticePage(site, language, DEVICE_NOTICES[device.state])
    }
    const begin = `/d/${userCode}/ticket`
    const about = aboutDevice(userCode, device)
    const use = { kind: 'device', app: client.name, begin, about } as const
    return loginPage({ site, language, channels, extras, use })
  }

  async function findOrNull(request: FastifyRequest, typed: string): Promise<Asking | null> {
    try {
      return await findAsking(request, typed)
    } catch (error) {
      if (error instanceof AppError && error.code === 'TICKET_NOT_FOUND') return null
      throw error
    }
  }
}

/** None of them is kept: each is one person's, and soon over. */
function send(reply: FastifyReply, page: string): FastifyReply {
  varyBy(reply, 'accept-language')
  return reply.type(HTML).header('cache-control', 'no-store').send(page)
}

/** The first of our languages that the app asks for; null: it asks for none of them. */
function localeOf(locales: string): Language | null {
  const first = /(?:^| )(zh|en)(?![a-z])/i.exec(locales)?.[1]?.toLowerCase()
  return first === 'zh' || first === 'en' ? first : null
}
