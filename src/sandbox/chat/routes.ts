import type { FastifyPluginAsync } from 'fastify'
import { servePhonePage } from '../phone/document.ts'
import { PHONE_STYLE } from '../phone/style.ts'
import { CHAT_STYLE } from './style.ts'

/** The account's chat on a phone: where the account's codes lead, and where the phone lies without one. */
export const chatRoutes: FastifyPluginAsync = (app) =>
  servePhonePage(app, {
    title: '沙箱会话 · Sandbox chat',
    name: 'chat',
    paths: ['/q', '/q/:scene'],
    style: PHONE_STYLE + CHAT_STYLE,
  })
