import type { FastifyPluginAsync } from 'fastify'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createAsset, sendAsset } from '../../http/asset.ts'

/** The guides, where they came with the service: containers go without. */
const folder = new URL('../../../../docs/', import.meta.url)

export const hasGuide = (): boolean => existsSync(new URL('page.md', folder))

/** The guides as they are written, for the demo's links: without the repository they are at hand, too. */
export const guideRoutes: FastifyPluginAsync = async (app) => {
  if (!hasGuide()) return
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.md'))) {
    const asset = createAsset(readFileSync(new URL(file, folder)), 'text/plain; charset=utf-8')
    app.get(`/guide/${file}`, { schema: { hide: true } }, (request, reply) =>
      sendAsset(asset, request, reply),
    )
  }
}
