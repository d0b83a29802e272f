import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { sql } from 'kysely'
import { Type } from 'typebox'
import { pendingMigrations } from '../../db/migrate.ts'
import type { Db } from '../../db/pool.ts'
import { AppError } from '../../errors.ts'
import type { Origins } from '../origins.ts'
import { errors } from '../schemas.ts'

const Ok = (description: string) => Type.Object({ status: Type.String() }, { description })

/**
 * A page may read nothing that is refused to its origin, so that to a browser it looks like a lost
 * network. This it may read, and is told the reason.
 */
const Alive = Type.Object(
  {
    status: Type.String(),
    code: Type.Optional(
      Type.Literal('ORIGIN_NOT_ALLOWED', {
        description: 'For a page of an origin that is not in CORS_ORIGINS',
      }),
    ),
  },
  { description: 'It is' },
)

export type HealthRoutesOptions = {
  db: Db
  origins: Origins
  /** Whether a stop has begun: the instance still serves, and wants no more to do. */
  isStopping: () => boolean
}

/** For an operator's watch: is the process up, can it serve? */
export const healthRoutes: FastifyPluginAsyncTypebox<HealthRoutesOptions> = async (
  app,
  { db, origins, isStopping },
) => {
  let migrated = false

  app.get(
    '/livez',
    {
      config: { audience: 'operator' },
      schema: {
        summary: 'The process is up',
        response: { 200: Alive, ...errors() },
      },
    },
    async (request, reply) => {
      reply.header('access-control-allow-origin', '*')
      const foreign = origins.isOurs(request) ? {} : { code: 'ORIGIN_NOT_ALLOWED' as const }
      return { status: 'ok', ...foreign }
    },
  )

  app.get(
    '/readyz',
    {
      config: { audience: 'operator' },
      schema: {
        summary: 'It can serve: database reachable and migrated, not shutting down',
        response: { 200: Ok('It can'), ...errors() },
      },
    },
    async () => {
      if (isStopping()) throw new AppError('SHUTTING_DOWN')
      if (migrated) {
        await sql`select 1`.execute(db)
      } else {
        const missing = await pendingMigrations(db)
        if (missing.length > 0) {
          throw new AppError('DATABASE_UNAVAILABLE', {
            action: `Run "npx scenepass migrate": ${missing.join(', ')} not applied yet.`,
          })
        }
        migrated = true
      }
      return { status: 'ok' }
    },
  )
}
