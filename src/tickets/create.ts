import { sql, type RawBuilder } from 'kysely'
import type { Db } from '../db/pool.ts'
import { AppError } from '../errors.ts'
import { takeCode } from './code-stock.ts'
import { newMatchCode } from './match-code.ts'
import { hashScene, isIssued, issueScene } from './scene.ts'
import { hashSecret, newSecret } from './secret.ts'
import type { Channel, RelyingParty, Requester, Windows } from './ticket.ts'

export type CreatedTicket = {
  scene: string
  secret: string
  /** Of a device its user code. */
  matchCode: string
  expiresIn: number
  /** Whether its code came out of the stock. */
  fromStock: boolean
}

/**
 * A new pending ticket. The secret is in the return value and nowhere else. Where codes lie in
 * stock it takes one in the statement that makes the ticket: no two tickets can get the same, and a
 * ticket that comes to nothing takes none. The code's image stays where it is.
 *
 * A scene is issued once, for good. A browser's own is remembered in that statement, too, so that it
 * stays taken when the ticket has long been swept; the service's own scenes cannot be chosen.
 *
 * @param input.scene a scene of the browser's own making; its code is made on demand
 * @param input.relyingParty what it signs in to; by default the service's own site
 * @param input.requestedAgo how many seconds ago the requester asked; by default this moment
 * @param input.stock what codes in stock must be made for; by default none is taken
 * @throws {AppError} `SCENE_TAKEN`
 */
export async function createTicket(
  db: Db,
  input: {
    scene?: string | undefined
    channel?: Channel
    windows: Windows
    requester: Requester
    relyingParty?: RelyingParty | null
    requestedAgo?: number | null
    stock?: string | null
  },
): Promise<CreatedTicket> {
  const { scene: chosen, stock = null, relyingParty = null, requestedAgo = null } = input
  if (chosen !== undefined && isIssued(chosen)) throw new AppError('SCENE_TAKEN')
  const secret = newSecret()
  const matchCode = newMatchCode()
  const { ticket: ttl } = input.windows
  const { ip, network, country, browser, os } = input.requester
  const { clientId, name, audience, device } = relyingParty ?? NO_PARTY

  const fresh = chosen ?? issueScene()
  const from =
    chosen !== undefined ? choice(chosen) : stock === null ? plain(fresh) : taken(stock, fresh)
  const inserted = await sql<{ scene: string }>`
    ${from.before}
    insert into tickets (
      scene, channel, secret_hash, match_code, expires_at,
      requested_ip, requested_network, requested_country, requested_browser, requested_os,
      requested_at, client_id, site, audience, device
    )
    select
      ${from.scene},
      ${input.channel ?? 'miniprogram'},
      decode(${hashSecret(secret)}, 'hex'),
      ${matchCode},
      now() + ${ttl}::int * interval '1 second',
      ${ip}, ${network}, ${country}, ${browser}, ${os},
      now() - ${requestedAgo}::int * interval '1 second',
      ${clientId}, ${name}, ${audience}, ${device}
    ${from.after}
    on conflict (scene) do nothing
    returning scene
  `.execute(db)

  const scene = inserted.rows[0]?.scene
  if (scene !== undefined) {
    return {
      scene,
      secret,
      matchCode: device ?? matchCode,
      expiresIn: ttl,
      fromStock: scene !== fresh,
    }
  }
  if (chosen !== undefined) throw new AppError('SCENE_TAKEN')
  // An instance of the version before let a browser choose this scene. The next one is free.
  return createTicket(db, input)
}

const NO_PARTY = { clientId: null, name: null, audience: null, device: null }

/** Where the scene comes from: what the statement does before, and the row it reads. */
type Source = {
  before: RawBuilder<unknown>
  scene: RawBuilder<unknown>
  after: RawBuilder<unknown>
}

const NOTHING = sql``

/** A plain value: a cluster that distributes tickets by scene wants one. */
const plain = (scene: string): Source => ({
  before: NOTHING,
  scene: sql`${scene}`,
  after: NOTHING,
})

const taken = (stock: string, otherwise: string): Source => ({
  before: sql`with taken as (${takeCode(stock)})`,
  scene: sql`coalesce((select scene from taken), ${otherwise})`,
  after: NOTHING,
})

/** No row where the scene was chosen before, or waits in stock. */
const choice = (scene: string): Source => ({
  before: sql`
    with chosen as (
      insert into chosen_scenes (hash)
      select decode(${hashScene(scene)}, 'hex')
      where not exists (select from code_stock where scene = ${scene})
      on conflict (hash) do nothing
      returning hash
    )
  `,
  scene: sql`${scene}`,
  after: sql`from chosen`,
})
