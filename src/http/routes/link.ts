import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Db } from '../../db/pool.ts'
import type { Story } from '../../telemetry/ticket-events.ts'
import { readUrlLink, storeUrlLink } from '../../tickets/url-link.ts'
import type { MiniProgram } from '../../wechat/mini-program.ts'
import { createKept } from '../kept.ts'
import type { OnMiss } from '../guess-limit.ts'
import * as schema from '../schemas.ts'

export type LinkRouteOptions = {
  db: Db
  wechat: Pick<MiniProgram, 'urlLink'>
  onMiss: OnMiss
  note: Story['note']
}

/** The code of a ticket in another form, for browsers of the very phone that would have to scan it. */
export const linkRoute: FastifyPluginAsyncTypebox<LinkRouteOptions> = async (
  app,
  { db, wechat, onMiss, note },
) => {
  const linkOf = createKept<string>({
    read: (scene) => readUrlLink(db, scene),
    make: (scene, line) => wechat.urlLink(scene, line),
    store: (scene, link) => storeUrlLink(db, scene, link),
    madeLine: 'link made',
    onMiss,
    note,
  })

  app.get(
    '/ticket/:scene/link',
    {
      schema: {
        tags: ['browser'],
        summary: 'The link that opens the mini program on a phone',
        params: schema.SceneParams,
        response: { 200: schema.TicketLink, ...schema.errors(...schema.keptErrors) },
      },
    },
    async (request) => ({ link: await linkOf(request, request.params.scene) }),
  )
}
