import type { FastifyPluginAsync } from 'fastify'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { AppError } from '../../errors.ts'
import { createAsset, sendAsset } from '../../http/asset.ts'

/** The guides, where they came with the service: containers go without. */
const folder = new URL('../../../../docs/', import.meta.url)

export const hasGuide = (): boolean => existsSync(new URL('page.md', folder))

/** The guides as they are written, for the demo's links: without the repository they are at hand, too. */
export const guideRoutes: FastifyPluginAsync = async (app) => {
  const files = hasGuide() ? readdirSync(folder).filter((name) => name.endsWith('.md')) : []
  const assets = new Map(
    files.map((name) => {
      const content = readFileSync(new URL(name, folder))
      return [name, createAsset(content, 'text/plain; charset=utf-8')] as const
    }),
  )
  app.get<{ Params: { name: string } }>(
    '/guide/:name',
    { schema: { hide: true } },
    (request, reply) => {
      const asset = assets.get(request.params.name)
      if (!asset) throw new AppError('NOT_FOUND')
      return sendAsset(asset, request, reply)
    },
  )
}
