import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { readFile } from 'node:fs/promises'
import { Type } from 'typebox'
import type { Language } from '../../language.ts'
import { createAsset, sendAsset, type Asset } from '../asset.ts'
import { languageOf, varyBy } from '../negotiation.ts'
import { apiPage, type ApiDocument } from '../pages/api-page.ts'
import type { Site } from '../site.ts'

const HTML = 'text/html; charset=utf-8'
const QUERY = Type.Object({
  lang: Type.Optional(Type.Union([Type.Literal('zh-CN'), Type.Literal('en')])),
})

/** The API to read, for people and for programs. Made once, when every route is known. */
export const docsRoutes: FastifyPluginAsyncTypebox<{ site: Site }> = async (app, { site }) => {
  const css = await readFile(new URL('../pages/api-page.css', import.meta.url))
  const style = createAsset(css, 'text/css; charset=utf-8')
  let made: { pages: Record<Language, Asset>; json: Asset } | undefined
  const assets = () => {
    if (made) return made
    const document = app.swagger()
    const page = (language: Language) =>
      createAsset(
        apiPage(document as unknown as ApiDocument, language, site.logo?.type ?? null),
        HTML,
      )
    return (made = {
      pages: { en: page('en'), zh: page('zh') },
      json: createAsset(JSON.stringify(document), 'application/json; charset=utf-8'),
    })
  }
  // Before the first caller asks: to make them takes tens of milliseconds.
  app.addHook('onReady', async () => void assets())

  const schema = { hide: true }
  app.get('/docs', { schema: { ...schema, querystring: QUERY } }, (request, reply) => {
    const { lang } = request.query
    varyBy(reply, 'accept-language')
    const language = lang === undefined ? languageOf(request, 'zh') : lang === 'en' ? 'en' : 'zh'
    return sendAsset(assets().pages[language], request, reply)
  })
  app.get('/docs/style.css', { schema }, (request, reply) => sendAsset(style, request, reply))
  app.get('/openapi.json', { schema }, (request, reply) => sendAsset(assets().json, request, reply))
}
