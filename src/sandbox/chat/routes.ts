import type { FastifyPluginAsync } from 'fastify'
import { readFile } from 'node:fs/promises'
import { phoneDocument } from '../phone/document.ts'
import { PHONE_STYLE } from '../phone/style.ts'
import { CHAT_STYLE } from './style.ts'

const PAGE = phoneDocument({ title: '沙箱会话 · Sandbox chat', name: 'chat' })

/** The account's chat on a phone: where the account's codes lead, and where the phone lies without one. */
export const chatRoutes: FastifyPluginAsync = async (app) => {
  const script = await readFile(new URL('chat.js', import.meta.url))
  const style = await readFile(new URL('../../confirm-page/page.css', import.meta.url), 'utf8')
  for (const [path, type, content] of [
    ['/q', 'text/html; charset=utf-8', PAGE],
    ['/q/:scene', 'text/html; charset=utf-8', PAGE],
    ['/chat.js', 'text/javascript; charset=utf-8', script],
    ['/chat.css', 'text/css; charset=utf-8', style + PHONE_STYLE + CHAT_STYLE],
  ] as const) {
    app.get(path, (_request, reply) =>
      reply.type(type).header('cache-control', 'no-store').send(content),
    )
  }
}
