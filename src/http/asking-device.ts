import type { FastifyRequest } from 'fastify'
import type { Db } from '../db/pool.ts'
import { AppError } from '../errors.ts'
import type { Client } from '../oidc/clients.ts'
import { findDevice, readUserCode, type AskingDevice } from '../oidc/find-device.ts'
import type { GuessLimit } from './guess-limit.ts'

export type Asking = { userCode: string; client: Client; device: AskingDevice }

/**
 * Finds the device that has this user code on its screen. A code that is on none is a stranger's guess:
 * there are 2^34 of them, and one that is right lets the stranger sign the device in as themselves.
 *
 * @throws {AppError} `TICKET_NOT_FOUND` where there is none, or its app has gone; `RATE_LIMITED`
 */
export const createFindAsking =
  (options: {
    db: Db
    guesses: Pick<GuessLimit, 'run'>
    findClient: (id: string) => Promise<Client | null>
  }) =>
  (request: FastifyRequest, typed: string): Promise<Asking> =>
    options.guesses.run(request, async () => {
      const userCode = readUserCode(typed)
      const device = userCode === null ? null : await findDevice(options.db, userCode)
      const client = device && (await options.findClient(device.clientId))
      if (userCode === null || !device || !client) throw new AppError('TICKET_NOT_FOUND')
      return { userCode, client, device }
    })

export type FindAsking = ReturnType<typeof createFindAsking>
