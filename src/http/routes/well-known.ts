import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Keyring } from '../../tokens/keyring.ts'
import { errors } from '../schemas.ts'

const PublicKey = Type.Object({
  kty: Type.String(),
  crv: Type.String(),
  x: Type.String(),
  y: Type.String(),
  kid: Type.String(),
  alg: Type.String(),
  use: Type.String(),
})

/** The keys that sites verify login tokens with: RFC 7517, from memory. Public to any origin. */
export const wellKnownRoutes: FastifyPluginAsyncTypebox<{ keyring: Keyring }> = async (
  app,
  { keyring },
) => {
  app.get(
    '/.well-known/jwks.json',
    {
      config: { audience: 'site' },
      schema: {
        summary: 'Public keys of the login token',
        response: {
          200: Type.Object(
            { keys: Type.Array(PublicKey) },
            { description: 'A JSON Web Key Set; a new key is here 10 minutes before it signs' },
          ),
          ...errors(),
        },
      },
    },
    async (_request, reply) => {
      const jwks = await keyring.jwks()
      return reply
        .header('cache-control', 'public, max-age=600')
        .header('access-control-allow-origin', '*')
        .send(jwks as never)
    },
  )
}
