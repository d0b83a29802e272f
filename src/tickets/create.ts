import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import { AppError } from '../errors.ts'
import { newMatchCode } from './match-code.ts'
import { hashSecret, newScene, newSecret } from './secret.ts'

/** What our server observed of the browser that asks to sign in; unknown is null. */
export type Requester = { ip: string | null; browser: string | null; os: string | null }

export type CreatedTicket = { scene: string; secret: string; matchCode: string; expiresIn: number }

/**
 * A new pending ticket. The secret is in the return value and nowhere else.
 *
 * @param input.scene a scene of the browser's own making
 * @param input.ttl seconds to scan
 * @throws {AppError} `SCENE_TAKEN`
 */
export async function createTicket(
  db: Db,
  input: { scene?: string | undefined; ttl: number; requester: Requester },
): Promise<CreatedTicket> {
  const scene = input.scene ?? newScene()
  const secret = newSecret()
  const matchCode = newMatchCode()
  const { ip, browser, os } = input.requester

  const inserted = await sql<{ scene: string }>`
    insert into tickets (
      scene, secret_hash, match_code, expires_at, requested_ip, requested_browser, requested_os
    )
    values (
      ${scene}, decode(${hashSecret(secret)}, 'hex'), ${matchCode}, now() + ${input.ttl}::int * interval '1 second',
      ${ip}, ${browser}, ${os}
    )
    on conflict (scene) do nothing
    returning scene
  `.execute(db)

  if (inserted.rows.length === 0) throw new AppError('SCENE_TAKEN')
  return { scene, secret, matchCode, expiresIn: input.ttl }
}
