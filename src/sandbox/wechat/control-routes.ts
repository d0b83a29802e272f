import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'
import { faultSchema } from './faults.ts'
import type { SandboxState } from './state.ts'

const loginBody = Type.Object({ user: Type.String({ pattern: '^[a-z0-9_-]{1,32}$' }) })

/** What stands in for a phone's `wx.login`, and the levers: faults to plan, calls to count. */
export const controlRoutes: FastifyPluginAsync<{ state: SandboxState }> = async (
  instance,
  { state },
) => {
  const app = instance.withTypeProvider<TypeBoxTypeProvider>()

  app.post('/wx-login', { schema: { body: loginBody } }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    return { code: state.codes.issue(request.body.user) }
  })

  app.post('/faults', { schema: { body: faultSchema } }, async (request, reply) => {
    state.faults.plan(request.body)
    return reply.code(204).send()
  })

  app.delete('/faults', async (_request, reply) => {
    state.faults.clear()
    return reply.code(204).send()
  })

  app.get('/calls', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    return state.faults.calls()
  })
}
