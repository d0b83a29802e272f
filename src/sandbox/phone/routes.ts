import type { FastifyPluginAsync } from 'fastify'
import { servePhonePage } from './document.ts'
import { PHONE_STYLE } from './style.ts'

/** The mini program on a phone. */
export const phoneRoutes: FastifyPluginAsync = (app) =>
  servePhonePage(app, {
    title: '沙箱手机 · Sandbox phone',
    name: 'phone',
    paths: ['/phone'],
    style: PHONE_STYLE,
  })
