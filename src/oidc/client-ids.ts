import { randomInt } from 'node:crypto'
import type { Db } from '../db/pool.ts'
import { findClient, type Client } from './clients.ts'

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
/** 94 bits: no other client has it. */
const LENGTH = 20

export const newClientId = (): string =>
  Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('')

/** A hyphen at the beginning would make an option of it on a command line. */
export const isClientId = (id: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(id)

/**
 * What the sandbox has without any set-up. It is in no database, so that none takes it along into
 * production.
 */
export const SANDBOX_CLIENT: Readonly<Client> = Object.freeze({
  id: 'sandbox',
  name: 'Sandbox',
  secretHash: null,
  device: true,
  redirectUris: ['http://127.0.0.1/callback', 'http://localhost/callback'],
  postLogoutRedirectUris: [],
  homeUrl: null,
  idTokenAlg: 'RS256',
  refresh: true,
  wechat: false,
  placeholderEmail: false,
  disabled: false,
})

/** The sandbox's example app, which is a page of the service itself. */
export const EXAMPLE_ID = 'sandbox-app'

const exampleClient = (publicUrl: string): Client => ({
  ...SANDBOX_CLIENT,
  id: EXAMPLE_ID,
  name: '示例应用 · Example app',
  redirectUris: [`${publicUrl}/sandbox/app`],
  postLogoutRedirectUris: [`${publicUrl}/sandbox/app`],
  homeUrl: `${publicUrl}/sandbox/app`,
})

/** The clients that may sign people in, as the provider sees them. */
export type Clients = {
  /** null: there is none of this id, it is disabled, or it may not exist. */
  find(id: string): Promise<Client | null>
}

/**
 * @param options.reserved the audiences of the service's own tokens. An ES256 id_token has the same
 *   issuer and keys as a login token: the audience alone, which is the client's id, tells them apart.
 * @param options.sandbox whether the sandbox's client is there
 * @param options.exampleAt where the sandbox's example app is, without a path; missing: there is none
 */
export function clientsOf(
  db: Db,
  options: { reserved: readonly string[]; sandbox: boolean; exampleAt?: string | undefined },
): Clients {
  const { reserved, sandbox, exampleAt } = options
  return {
    async find(id) {
      if (reserved.includes(id)) return null
      if (id === SANDBOX_CLIENT.id) return sandbox ? SANDBOX_CLIENT : null
      if (sandbox && exampleAt !== undefined && id === EXAMPLE_ID) return exampleClient(exampleAt)
      return isClientId(id) ? findClient(db, id) : null
    },
  }
}
