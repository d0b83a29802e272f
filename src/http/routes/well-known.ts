import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Keyring } from '../../tokens/keyring.ts'
import { errors } from '../schemas.ts'

const named = { kid: Type.String(), alg: Type.String(), use: Type.String() }
const PublicKey = Type.Union([
  Type.Object({
    kty: Type.Literal('EC'),
    crv: Type.String(),
    x: Type.String(),
    y: Type.String(),
    ...named,
  }),
  // Those of id_tokens, where OpenID Connect is on.
  Type.Object({ kty: Type.Literal('RSA'), n: Type.String(), e: Type.String(), ...named }),
])

/** The keys that sites verify tokens with: RFC 7517, from memory. Public to any origin. */
export const wellKnownRoutes: FastifyPluginAsyncTypebox<{ keyring: Keyring }> = async (
  app,
  { keyring },
) => {
  app.get(
    '/.well-known/jwks.json',
    {
      config: { audience: 'site' },
      schema: {
        summary: 'Public keys of the login token, and of id_tokens',
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
