import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { readFile } from 'node:fs/promises'
import { policyText } from '../../page-policy.ts'
import { createAsset, sendAsset } from '../asset.ts'
import type { Site } from '../site.ts'

/** An SVG is a document: opened by itself it runs no script, asks for nothing, and has no origin. */
const LOGO_POLICY = policyText({
  defaultSrc: ["'none'"],
  styleSrc: ["'unsafe-inline'"],
  imgSrc: ['data:'],
  frameAncestors: ["'none'"],
  sandbox: [],
})

/**
 * The pictures of our pages: the site's logo, and our own icons in the shapes that browsers and phones
 * ask for. Where there is a logo, it answers for these, too: some ask for them without looking.
 */
export const iconRoutes: FastifyPluginAsyncTypebox<Pick<Site, 'logo'>> = async (app, { logo }) => {
  const ours = async (file: string, type: string) => ({
    type,
    bytes: await readFile(new URL(`../../web/page/${file}`, import.meta.url)),
  })
  const svg = await ours('icon.svg', 'image/svg+xml')
  const icons: Record<string, { type: string; bytes: Buffer }> = {
    '/icon.svg': svg,
    '/favicon.ico': logo ?? (await ours('favicon.ico', 'image/x-icon')),
    '/apple-touch-icon.png': logo ?? (await ours('apple-touch-icon.png', 'image/png')),
    ...(logo && { '/logo': logo }),
  }
  for (const [path, { type, bytes }] of Object.entries(icons)) {
    const asset = createAsset(bytes, type, 'public, max-age=3600')
    app.get(path, { schema: { hide: true } }, (request, reply) => {
      reply.header('content-security-policy', LOGO_POLICY)
      return sendAsset(asset, request, reply)
    })
  }
}
