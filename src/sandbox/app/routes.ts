import type { FastifyPluginAsync } from 'fastify'
import { createHash, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { AppError } from '../../errors.ts'
import { createAsset, sendAsset } from '../../http/asset.ts'
import { drawCode } from '../../wechat/draw-code.ts'
import { exampleApp } from './document.ts'

const HTML = 'text/html; charset=utf-8'
const USER_CODE = /^[A-Z]{4}-[A-Z]{4}$/
const CODE_PX = 400

/** The example app's page, and the little that a server does for it. */
export const exampleAppRoutes: FastifyPluginAsync<{ issuer: string; clientId: string }> = async (
  app,
  { issuer, clientId },
) => {
  const schema = { hide: true }
  for (const [path, type, content] of [
    ['/app', HTML, exampleApp({ issuer, clientId })],
    ['/app.js', 'text/javascript; charset=utf-8', await built('app.js')],
    ['/app.css', 'text/css; charset=utf-8', await built('app.css')],
  ] as const) {
    const asset = createAsset(content, type, 'no-cache')
    app.get(path, { schema }, (request, reply) => sendAsset(asset, request, reply))
  }

  // RFC 7636. Made here because browsers hash nothing on a page that came by http from another machine.
  app.get('/app/pkce', { schema }, (_request, reply) => {
    const verifier = randomBytes(32).toString('base64url')
    const challenge = createHash('sha256').update(verifier).digest('base64url')
    return reply.header('cache-control', 'no-store').send({ verifier, challenge })
  })

  // What a device draws by itself.
  app.get('/app/code', { schema }, (request, reply) => {
    const { user_code: userCode = '' } = request.query as { user_code?: unknown }
    if (typeof userCode !== 'string' || !USER_CODE.test(userCode)) {
      throw new AppError('INVALID_REQUEST', {
        detail: 'querystring/user_code must be as WDJB-MJHT',
      })
    }
    return reply.type('image/png').send(drawCode(`${issuer}/d/${userCode}`, CODE_PX))
  })
}

/** As the build has made it. */
const built = (file: string): Promise<Buffer> => readFile(new URL(file, import.meta.url))
