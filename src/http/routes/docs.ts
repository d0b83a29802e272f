import type { FastifyPluginAsync } from 'fastify'
import { readFile } from 'node:fs/promises'
import { createAsset, sendAsset, type Asset } from '../asset.ts'
import { apiPage, type ApiDocument } from '../pages/api-page.ts'

/** The API to read, for people and for programs. Made once, when every route is known. */
export const docsRoutes: FastifyPluginAsync = async (app) => {
  const css = await readFile(new URL('../pages/api-page.css', import.meta.url))
  const style = createAsset(css, 'text/css; charset=utf-8')
  let made: { page: Asset; json: Asset } | undefined
  const assets = () => {
    if (made) return made
    const document = app.swagger()
    return (made = {
      page: createAsset(apiPage(document as unknown as ApiDocument), 'text/html; charset=utf-8'),
      json: createAsset(JSON.stringify(document), 'application/json; charset=utf-8'),
    })
  }
  // Before the first caller asks: to make them takes tens of milliseconds.
  app.addHook('onReady', async () => void assets())

  const schema = { hide: true }
  app.get('/docs', { schema }, (request, reply) => sendAsset(assets().page, request, reply))
  app.get('/docs/style.css', { schema }, (request, reply) => sendAsset(style, request, reply))
  app.get('/openapi.json', { schema }, (request, reply) => sendAsset(assets().json, request, reply))
}
