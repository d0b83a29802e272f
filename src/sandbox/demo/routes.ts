import type { FastifyPluginAsync } from 'fastify'
import { readFile } from 'node:fs/promises'
import { createAsset, sendAsset } from '../../http/asset.ts'

/** What the demo's part of the login page loads, as the build has made it: read once, sent from memory. */
export const demoRoutes: FastifyPluginAsync = async (app) => {
  for (const [file, type] of [
    ['demo.js', 'text/javascript; charset=utf-8'],
    ['demo.css', 'text/css; charset=utf-8'],
  ] as const) {
    const asset = createAsset(await readFile(new URL(file, import.meta.url)), type)
    app.get(`/${file}`, { schema: { hide: true } }, (request, reply) =>
      sendAsset(asset, request, reply),
    )
  }
}
