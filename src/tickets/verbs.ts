import type { RawBuilder } from 'kysely'
import { FifoMap } from 'toad-cache'
import type { DenyReason, Trail } from '../audit/record.ts'
import type { Db } from '../db/pool.ts'
import { inTransaction } from '../db/transaction.ts'
import type { Identity } from '../identity.ts'
import { cancelTicket } from './cancel.ts'
import { confirmTicket } from './confirm.ts'
import { createTicket, type CreatedTicket } from './create.ts'
import type { Decided } from './deliver.ts'
import { denyAllOf, denyTicket } from './deny.ts'
import { findTicket, type Ticket } from './find.ts'
import { pollTicket } from './poll.ts'
import { scanTicket } from './scan.ts'
import type { StatusLoader } from './status-loader.ts'
import type { Channel, RelyingParty, Requester, TicketRules } from './ticket.ts'

/** What became of a ticket. */
export type Outcome = 'created' | 'scanned' | 'confirmed' | 'delivered' | 'denied' | 'canceled'

/** A verb has moved a ticket, or (`first: false`) found it moved there by an earlier call. */
export type Transition = {
  scene: string
  outcome: Outcome
  first: boolean
  /** Of a confirmation: how many seconds old the ticket was. */
  age?: number
  /** What the log says beside. */
  details?: object
}

/** The request that a verb is called for. */
export type Caller = { id: string }

export type OnTransition = (transition: Transition, caller: Caller) => void

/** The verbs as one instance has them: with its rules, and every transition told. */
export type Tickets = {
  create(
    input: {
      scene?: string | undefined
      channel?: Channel
      requester: Requester
      relyingParty?: RelyingParty | null
      requestedAgo?: number | null
      fromStock?: boolean
    },
    caller: Caller,
  ): Promise<CreatedTicket>
  find(scene: string): Promise<Ticket>
  scan<Beside>(
    input: { scene: string; channel?: Channel; identity: Identity; beside?: RawBuilder<Beside> },
    caller: Caller,
  ): Promise<Ticket & { beside: Beside; first: boolean }>
  confirm(input: Confirmation, caller: Caller): Promise<void>
  deny(input: Denial, caller: Caller): Promise<void>
  /** What a person has scanned through a door that they shut. */
  denyAll(input: { channel: Channel; identity: Identity }, caller: Caller): Promise<void>
  cancel(input: { scene: string; secretHash: string }, caller: Caller): Promise<void>
  poll(input: { scene: string; secretHash: string }, caller: Caller): Promise<Decided>
}

type Decision = {
  scene: string
  channel?: Channel
  identity: Identity
  trail?: Trail | undefined
  /** For the log: the relying party's id; null: the service's own site. */
  clientId?: string | null
  /**
   * Done in one transaction with the decision, once it is made and not when it is repeated: where it
   * throws, nothing is decided. Like any work of a transaction it may be done again.
   */
  also?: ((tx: Db) => Promise<void>) | undefined
}

type Confirmation = Decision & {
  userId: string
  token: string
}

type Denial = Decision & {
  /** For the log: the user that the identity belongs to; null before its first login. */
  userId?: string | null
  reason?: DenyReason
}

/**
 * Gives the verbs their rules, and tells of each transition from its own result. This is the one
 * place that does: log, metrics and all else that follows a ticket hang on `onTransition`.
 *
 * @param options.stock what codes in stock must be made for, by door; null: none is taken
 */
export function bindVerbs(
  db: Db,
  options: {
    rules: TicketRules
    stock: Record<Channel, string | null>
    loader: StatusLoader
    onTransition: OnTransition
  },
): Tickets {
  const { stock, loader, onTransition } = options
  const { windows } = options.rules
  const confirmedHere = new FifoMap<true>(MOST_CONFIRMED)

  return {
    find: (scene) => findTicket(db, scene),

    async create({ fromStock = true, ...input }, caller) {
      const from = fromStock ? stock[input.channel ?? 'miniprogram'] : null
      const ticket = await createTicket(db, { ...input, windows, stock: from })
      const { scene } = ticket
      const details = {
        ...(ticket.fromStock ? { stock: true } : {}),
        ...clientOf(input.relyingParty?.clientId),
      }
      onTransition({ scene, outcome: 'created', first: true, details }, caller)
      return ticket
    },

    async scan(input, caller) {
      const ticket = await scanTicket(db, { ...input, windows })
      onTransition({ scene: input.scene, outcome: 'scanned', first: ticket.first }, caller)
      return ticket
    },

    async confirm({ clientId, also, ...input }, caller) {
      const { scene, userId: user } = input
      const confirm = (on: Db) => confirmTicket(on, { ...input, windows })
      const confirmed = await decideWith(db, confirm, also)
      confirmedHere.set(scene, true)
      const details = { user, ...clientOf(clientId) }
      onTransition({ scene, outcome: 'confirmed', ...confirmed, details }, caller)
    },

    async deny({ clientId, also, ...input }, caller) {
      const { scene, userId: user = null, reason = 'declined' } = input
      const deny = async (on: Db) => ({ first: await denyTicket(on, input) })
      const { first } = await decideWith(db, deny, also)
      const details = { user, reason, ...clientOf(clientId) }
      onTransition({ scene, outcome: 'denied', first, details }, caller)
    },

    async denyAll(input, caller) {
      for (const scene of await denyAllOf(db, input)) {
        onTransition({ scene, outcome: 'denied', first: true }, caller)
      }
    },

    async cancel(input, caller) {
      const first = await cancelTicket(db, input)
      onTransition({ scene: input.scene, outcome: 'canceled', first }, caller)
    },

    // Not async: each such function that waits with a poll costs it 2 µs of its 25.
    poll: (input, caller) =>
      pollTicket(
        db,
        input,
        loader,
        ({ first }) => {
          confirmedHere.delete(input.scene)
          onTransition({ scene: input.scene, outcome: 'delivered', first }, caller)
        },
        confirmedHere.get(input.scene) === true,
      ),
  }
}

/** Confirmed tickets that an instance remembers; of another one it learns by asking, as of each ticket. */
const MOST_CONFIRMED = 1_000

/** The log says nothing of the service's own site. */
const clientOf = (id: string | null | undefined): object =>
  id === null || id === undefined ? {} : { client: id }

/**
 * The decision comes first: two calls of one person at once meet at the ticket, and the second finds
 * its own wish fulfilled.
 */
const decideWith = <D extends { first: boolean }>(
  db: Db,
  decision: (on: Db) => Promise<D>,
  also: Decision['also'],
): Promise<D> =>
  also
    ? inTransaction(db, async (tx) => {
        const decided = await decision(tx)
        if (decided.first) await also(tx)
        return decided
      })
    : decision(db)
