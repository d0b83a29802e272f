import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Type } from 'typebox'
import { AppError } from '../../errors.ts'
import type { Channel } from '../../tickets/ticket.ts'
import { createAsset, sendAsset } from '../asset.ts'
import { languageOf, varyBy } from '../negotiation.ts'
import { accentCss } from '../accent.ts'
import { confirmPage } from '../pages/confirm-page.ts'
import { loginPage, type LoginPageExtras } from '../pages/login-page.ts'
import type { Site } from '../site.ts'
import { iconRoutes } from './icons.ts'

export type PageRoutesOptions = {
  site: Site
  /** The doors that are open. */
  channels: readonly Channel[]
  /** Where a login may be sent, character by character. */
  returnUrls: readonly string[]
  extras: LoginPageExtras | null
}

export const JS = 'text/javascript; charset=utf-8'
const CSS = 'text/css; charset=utf-8'
export const HTML = 'text/html; charset=utf-8'

const QUERY = Type.Object({
  return_to: Type.Optional(Type.String()),
  state: Type.Optional(
    Type.String({
      maxLength: 1024,
      // A form cannot give back a line break or a NUL as it was.
      pattern: '^[^\\u0000-\\u001f\\u007f]*$',
    }),
  ),
})

/** The hosted login page, the element that it is made of, and what else it loads. */
export const pageRoutes: FastifyPluginAsyncTypebox<PageRoutesOptions> = async (
  app,
  { site, channels, returnUrls, extras },
) => {
  await serve(app, '/page.js', '../../web/page/page.js', JS)
  await serve(app, '/page.css', '../../web/page/page.css', CSS, { after: accentCss(site.color) })
  await app.register(iconRoutes, { logo: site.logo })

  const html = (language: 'zh' | 'en') =>
    createAsset(loginPage({ site, language, channels, extras, use: { kind: 'none' } }), HTML)
  const plain = { zh: html('zh'), en: html('en') }

  app.get('/', { schema: { hide: true, querystring: QUERY } }, (request, reply) => {
    const { return_to: returnTo, state } = request.query
    const language = languageOf(request, 'zh')
    if (returnTo === undefined && state !== undefined) {
      throw invalid('state goes back to return_to, which is missing')
    }
    if (returnTo !== undefined && !returnUrls.includes(returnTo)) {
      throw invalid(
        'return_to must be exactly one of the addresses that the operator of this service lists in RETURN_URLS',
      )
    }
    varyBy(reply, 'accept-language')
    if (returnTo === undefined) return sendAsset(plain[language], request, reply)
    // Each of these is sent once, so it is neither compressed nor tagged.
    return reply
      .type(HTML)
      .header('cache-control', 'no-cache')
      .send(loginPage({ site, language, channels, extras, use: { kind: 'site', returnTo, state } }))
  })
}

/** The confirm page of the official account's door, and what it loads. */
export const confirmRoutes: FastifyPluginAsyncTypebox<{ site: Site }> = async (app, { site }) => {
  const page = createAsset(confirmPage(site), HTML, 'no-store')
  app.get('/confirm', { schema: { hide: true } }, (request, reply) =>
    sendAsset(page, request, reply),
  )
  await serve(app, '/confirm.js', '../../confirm-page/page.js', JS)
  const after = accentCss(site.color)
  await serve(app, '/confirm.css', '../../confirm-page/page.css', CSS, { after })
}

/** What the login page's policy must allow beyond the strictest one, and what it may forbid. */
export const loginPageNeeds = (
  options: Pick<PageRoutesOptions, 'returnUrls' | 'extras'>,
): Record<string, string[]> => ({
  // What comes with the element's ticket.
  imgSrc: ["'self'", 'data:'],
  // The element's stylesheet, where a browser can have it as an element alone.
  styleSrc: ["'self'", readFileSync(new URL('../../web/style-hash', import.meta.url), 'utf8')],
  // Browsers apply it to redirects after the POST, too.
  ...(options.returnUrls.length > 0
    ? { formAction: [...new Set(options.returnUrls.map((url) => new URL(url).origin))] }
    : {}),
  ...options.extras?.allow,
  requireTrustedTypesFor: ["'script'"],
  trustedTypes: ["'none'"],
})

/**
 * The `<scene-pass>` element, for pages of any site. It holds no secret, so every origin may read it:
 * an answer that depended on the origin would go wrong in caches that pass over `Vary`.
 */
export const widgetRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('cross-origin-resource-policy', 'cross-origin')
    reply.header('access-control-allow-origin', '*')
    done()
  })
  const cache = 'public, max-age=600, stale-while-revalidate=86400'
  await serve(app, '/widget.js', '../../web/served.js', JS, { cache, cors: false })
}

/** Reads a file of the build once and serves it from memory. @param options.after what is added to a text */
export async function serve(
  app: FastifyInstance,
  path: string,
  file: string,
  type: string,
  { cache, after = '', ...config }: { cache?: string; after?: string; cors?: false } = {},
): Promise<void> {
  const content = await readFile(new URL(file, import.meta.url))
  const asset = createAsset(Buffer.concat([content, Buffer.from(after)]), type, cache)
  app.get(path, { config, schema: { hide: true } }, (request, reply) =>
    sendAsset(asset, request, reply),
  )
}

const invalid = (detail: string): AppError => new AppError('INVALID_REQUEST', { detail })
