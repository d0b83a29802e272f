import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { sql } from 'kysely'
import { Type } from 'typebox'
import { pendingMigrations } from '../../db/migrate.ts'
import type { Db } from '../../db/pool.ts'
import { AppError } from '../../errors.ts'
import { errors } from '../schemas.ts'

const Ok = (description: string) => Type.Object({ status: Type.String() }, { description })

/** For whoever watches the process: is it up, can it serve? */
export const healthRoutes: FastifyPluginAsyncTypebox<{ db: Db }> = async (app, { db }) => {
  let migrated = false

  app.get(
    '/livez',
    {
      schema: {
        tags: ['operating'],
        summary: 'The process is up',
        response: { 200: Ok('It is'), ...errors() },
      },
    },
    async () => ({ status: 'ok' }),
  )

  app.get(
    '/readyz',
    {
      schema: {
        tags: ['operating'],
        summary: 'It can serve: database reachable and migrated, not shutting down',
        response: { 200: Ok('It can'), ...errors() },
      },
    },
    async () => {
      if (migrated) {
        await sql`select 1`.execute(db)
      } else {
        const missing = await pendingMigrations(db)
        if (missing.length > 0) {
          throw new AppError('DATABASE_UNAVAILABLE', {
            action: `Run "npm run migrate": ${missing.join(', ')} not applied yet.`,
          })
        }
        migrated = true
      }
      return { status: 'ok' }
    },
  )
}
