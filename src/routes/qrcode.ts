import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import accepts from 'accepts'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Db } from '../db/schema.ts'
import { AppError } from '../errors.ts'
import { about, type Story } from '../plugins/story.ts'
import { varyBy } from '../plugins/vary.ts'
import { readCodeImage, storeCodeImage } from '../tickets/code-image.ts'
import type { WechatClient } from '../wechat/client.ts'
import { imageType } from '../wechat/image-type.ts'
import { countMiss, type OnMiss } from './miss.ts'
import * as schema from './schemas.ts'

export type QrcodeRouteOptions = {
  db: Db
  wechat: Pick<WechatClient, 'codeImage'>
  onMiss: OnMiss
  note: Story['note']
}

/** The code of a ticket: made in advance, or when it is first asked for. */
export const qrcodeRoute: FastifyPluginAsyncTypebox<QrcodeRouteOptions> = async (
  app,
  { db, wechat, onMiss, note },
) => {
  const making = new Map<string, Promise<Uint8Array>>()

  app.get(
    '/ticket/:scene/qrcode',
    {
      schema: {
        tags: ['browser'],
        summary: 'The code to scan',
        params: schema.SceneParams,
        response: {
          200: {
            description: 'The code: an image, or JSON for callers that ask for it',
            content: {
              'image/png': { schema: Type.String({ format: 'binary' }) },
              'image/jpeg': { schema: Type.String({ format: 'binary' }) },
              'application/json': { schema: schema.CodeImage },
            },
          },
          ...schema.errors(
            'TICKET_NOT_FOUND',
            ...schema.goneErrors,
            ...schema.wechatErrors,
            'RATE_LIMITED',
          ),
        },
      },
    },
    async (request, reply) => {
      const { scene } = request.params
      const stored = await readCodeImage(db, scene).catch((error: unknown) =>
        countMiss(error, request, onMiss),
      )
      const image = Buffer.from(stored ?? (await makeOnce(request, scene)))
      const type = imageType(image)
      if (!type) throw new AppError('INTERNAL', { cause: new Error('a stored code is no image') })

      varyBy(reply, 'accept')
      reply.header('cross-origin-resource-policy', 'cross-origin')
      if (accepts(request.raw).type([type, 'json']) === 'json') {
        return reply
          .type('application/json; charset=utf-8')
          .send({ content_type: type, data: image.toString('base64') })
      }
      return reply.type(type).send(image as never)
    },
  )

  /** One call to WeChat, however many browsers of this replica wait for the same code. */
  function makeOnce(request: FastifyRequest, scene: string): Promise<Uint8Array> {
    let made = making.get(scene)
    if (!made) {
      made = readCodeImage(db, scene)
        .then(async (stored) => {
          if (stored) return stored
          const { bytes } = await wechat.codeImage(scene, about(request, scene))
          await storeCodeImage(db, scene, bytes)
          note(request, scene, 'code made')
          return bytes
        })
        .finally(() => making.delete(scene))
      making.set(scene, made)
    }
    return made
  }
}
