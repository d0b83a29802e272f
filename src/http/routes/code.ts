import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import accepts from 'accepts'
import { Type } from 'typebox'
import type { Db } from '../../db/pool.ts'
import { AppError } from '../../errors.ts'
import type { Story } from '../../telemetry/ticket-events.ts'
import { varyBy } from '../negotiation.ts'
import { readCodeImage, storeCodeImage } from '../../tickets/code.ts'
import type { MiniProgram } from '../../wechat/mini-program.ts'
import { imageType } from '../../wechat/image-type.ts'
import { createKept } from '../kept.ts'
import type { OnMiss } from '../guess-limit.ts'
import * as schema from '../schemas.ts'

export type QrcodeRouteOptions = {
  db: Db
  wechat: Pick<MiniProgram, 'codeImage'>
  onMiss: OnMiss
  note: Story['note']
}

/** The code of a ticket: made in advance, or when it is first asked for. */
export const qrcodeRoute: FastifyPluginAsyncTypebox<QrcodeRouteOptions> = async (
  app,
  { db, wechat, onMiss, note },
) => {
  const codeOf = createKept<Uint8Array>({
    read: (scene) => readCodeImage(db, scene),
    make: async (scene, line) => (await wechat.codeImage(scene, line)).bytes,
    store: (scene, image) => storeCodeImage(db, scene, image),
    madeLine: 'code made',
    onMiss,
    note,
  })

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
          ...schema.errors(...schema.keptErrors),
        },
      },
    },
    async (request, reply) => {
      const image = Buffer.from(await codeOf(request, request.params.scene))
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
}
