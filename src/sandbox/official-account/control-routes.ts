import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'
import type { createPushClient } from './push-client.ts'
import type { OfficialAccountState } from './state.ts'

const User = Type.String({ pattern: '^[a-z0-9_-]{1,32}$' })
const Mode = Type.Optional(Type.Union([Type.Literal('secure'), Type.Literal('plain')]))
const scanBody = Type.Object({
  user: User,
  scene: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }),
  mode: Mode,
})
const follower = Type.Object({ user: User })
const unfollowBody = Type.Object({ user: User, mode: Mode })

/** What stands in for a phone before the account's code: scan (and follow, at first), unfollow. */
export const officialAccountControlRoutes: FastifyPluginAsync<{
  state: OfficialAccountState
  push: ReturnType<typeof createPushClient>
}> = async (instance, { state, push }) => {
  const app = instance.withTypeProvider<TypeBoxTypeProvider>()

  app.post('/oa/scan', { schema: { body: scanBody } }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const { user, scene, mode } = request.body
    const { openid } = state.person(user)
    const fields = state.follow(user)
      ? { Event: 'subscribe', EventKey: `qrscene_${scene}` }
      : { Event: 'SCAN', EventKey: scene }
    return { reply: await push.event(openid, fields, mode) }
  })

  app.get('/oa/followers/:user', { schema: { params: follower } }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const { openid } = state.person(request.params.user)
    return { follows: state.follower(openid) !== undefined }
  })

  app.post('/oa/unfollow', { schema: { body: unfollowBody } }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const { user, mode } = request.body
    if (!state.unfollow(user)) return { reply: '' }
    const fields = { Event: 'unsubscribe', EventKey: '' }
    return { reply: await push.event(state.person(user).openid, fields, mode) }
  })
}
