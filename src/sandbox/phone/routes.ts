import type { FastifyPluginAsync } from 'fastify'
import { readFile } from 'node:fs/promises'
import { phoneDocument } from './document.ts'
import { PHONE_STYLE } from './style.ts'

const PAGE = phoneDocument({ title: '沙箱手机 · Sandbox phone', name: 'phone' })

/** The phone page: one document, one module, one stylesheet, nothing inline for a strict CSP. */
export const phoneRoutes: FastifyPluginAsync = async (app) => {
  // As the build has made it, of the mini program's own files.
  const script = await readFile(new URL('phone.js', import.meta.url))
  const style = await readFile(new URL('../../confirm-page/page.css', import.meta.url), 'utf8')
  for (const [path, type, content] of [
    ['/phone', 'text/html; charset=utf-8', PAGE],
    ['/phone.js', 'text/javascript; charset=utf-8', script],
    ['/phone.css', 'text/css; charset=utf-8', style + PHONE_STYLE],
  ] as const) {
    app.get(path, (_request, reply) =>
      reply.type(type).header('cache-control', 'no-store').send(content),
    )
  }
}
