import { Socket, type TcpNetConnectOpts } from 'node:net'
import type { Duplex } from 'node:stream'
import pg from 'pg'
import { tlsOf } from './tls.ts'
import { isUnreachable } from './unavailable.ts'
import { labelOf, readDatabaseUrl, type DatabaseUrl, type Wanted } from './url.ts'

/** For one address of a name, in milliseconds. Node's own 250 are less than the way to another continent. */
const ADDRESS_MS = 2_000

export type Servers = {
  /** So many in a row try all of them. */
  attempts: number
  /** Makes a client of the server that is to be tried next; pg.Pool calls it with `new`. */
  Client: new () => pg.Client
  /** How long it takes to open a connection, at best, in milliseconds; 0 before the first one. */
  openingMs(): number
  /** Whether a server that takes no writes is the wrong one. */
  wantsPrimary: boolean
}

/**
 * The servers of a URL, one of which is the right one. New connections go to the one that worked
 * last; where it fails, or has become a standby, to the next.
 *
 * @param options.wanted where the URL does not say
 * @param options.openMs in which a connection must be open, with TLS and password, for the first time;
 *   later in half of it, unless it has taken long before
 * @throws {Error} with a sentence for the operator when a file of the URL cannot be read
 */
export function createServers(text: string, options: { wanted: Wanted; openMs: number }): Servers {
  const url = readDatabaseUrl(text)
  const { servers } = url
  const wanted = url.wanted ?? (servers.length > 1 ? options.wanted : 'any')
  const config = configOf(url)
  let chosen = 0
  let misses = 0
  /** Of the chosen server, at best: a busy machine takes longer, but is no further away. */
  let openingMs = Infinity
  const limitMs = (): number => {
    const longest = servers.length > 1 ? options.openMs / 2 : options.openMs
    return openingMs === Infinity
      ? longest
      : Math.min(longest, Math.max(longest / 2, 5 * openingMs))
  }

  function miss(at: number): void {
    misses++
    // Of several that failed at the same time, one moves on.
    if (at !== chosen || servers.length === 1) return
    chosen = (at + 1) % servers.length
    openingMs = Infinity
  }
  const fits = async (client: pg.Client): Promise<boolean> => {
    // Once all have been asked for a standby, the primary will do.
    if (wanted === 'any' || (wanted === 'prefer-standby' && misses >= servers.length)) return true
    const { rows } = await client.query<{ standby: boolean; writes: boolean }>(
      `select pg_is_in_recovery() as standby, current_setting('transaction_read_only') = 'off' as writes`,
    )
    const { standby = false, writes = false } = rows[0] ?? {}
    if (wanted === 'read-write') return writes
    if (wanted === 'read-only') return !writes
    return standby === (wanted !== 'primary')
  }

  function makeClient(): pg.Client {
    const at = chosen
    const server = servers[at] as (typeof servers)[number]
    const client = new pg.Client({
      ...config,
      ...(server.host && { host: server.host }),
      ...(server.port !== null && { port: server.port }),
      stream: patientSocket,
    })
    // Until the pool listens, which it does not while the server is asked what it is.
    client.on('error', () => {})
    const began = performance.now()
    const attempt = { label: labelOf(server), limitMs: limitMs() }
    const open = () =>
      within(client, attempt, async () => {
        await connectPlainly(client)
        if (await fits(client)) return
        throw Object.assign(new Error(`${attempt.label} is not ${WORDS[wanted]}`), {
          code: '25006',
        })
      })
    const done = (callback: (error?: Error) => void) =>
      open().then(
        () => {
          misses = 0
          openingMs = Math.min(openingMs, performance.now() - began)
          callback()
        },
        (error: Error) => {
          if (isUnreachable(error)) miss(at)
          streamOf(client).destroy()
          callback(error)
        },
      )
    return Object.assign(client, { connect: done })
  }
  return {
    attempts: wanted === 'prefer-standby' ? 2 * servers.length : servers.length,
    // With `new`, what a function returns is what is made.
    Client: function () {
      return makeClient()
    } as unknown as new () => pg.Client,
    openingMs: () => (openingMs === Infinity ? 0 : openingMs),
    wantsPrimary: wanted === 'read-write' || wanted === 'primary',
  }
}

/** What a server is asked to be, to end the sentence "… is not". */
const WORDS: Record<Wanted, string> = {
  any: 'one',
  'read-write': 'the primary: it takes no writes',
  'read-only': 'read-only',
  primary: 'the primary',
  standby: 'a standby',
  'prefer-standby': 'a standby',
}

function configOf(url: DatabaseUrl): pg.ClientConfig {
  const { user, password, database, parameters } = url
  const ssl = tlsOf(url)
  const text = (name: string) => parameters.get(name)
  const number = (name: string) => {
    const value = Number(text(name))
    return value > 0 ? { [name]: value } : {}
  }
  return {
    ...(user && { user }),
    ...(password && { password }),
    ...(database && { database }),
    ...(ssl !== undefined && { ssl }),
    ...(text('sslnegotiation') === 'direct' && { sslnegotiation: 'direct' as const }),
    ...(text('channel_binding') === 'require' && { enableChannelBinding: true }),
    ...(text('options') && { options: text('options') }),
    ...(text('client_encoding') && { client_encoding: text('client_encoding') }),
    ...number('statement_timeout'),
    ...number('lock_timeout'),
    ...number('idle_in_transaction_session_timeout'),
    application_name: text('application_name') ?? 'scenepass',
    keepAlive: true,
  }
}

function patientSocket(): Duplex {
  const socket = new Socket()
  const connect = socket.connect.bind(socket)
  return Object.assign(socket, {
    connect(portOrPath: number | string, host: string) {
      if (typeof portOrPath === 'string') return connect(portOrPath)
      const to: TcpNetConnectOpts = { port: portOrPath, host }
      return connect({ ...to, autoSelectFamilyAttemptTimeout: ADDRESS_MS })
    },
  })
}

const connectionOf = (client: pg.Client) =>
  (
    client as unknown as {
      connection: { stream: Socket; once(event: 'connect', f: () => void): void }
    }
  ).connection
/** It changes when TLS begins. */
const streamOf = (client: pg.Client): Socket => connectionOf(client).stream

const connectPlainly = (client: pg.Client): Promise<void> =>
  new Promise((resolve, reject) => {
    const connect: (this: pg.Client, done: (error?: Error) => void) => void =
      pg.Client.prototype.connect
    connect.call(client, (error) => (error ? reject(error) : resolve()))
  })

/** Gives an attempt up in time, and says how far it came. */
async function within(
  client: pg.Client,
  { label, limitMs }: { label: string; limitMs: number },
  work: () => Promise<void>,
): Promise<void> {
  let reached = false
  connectionOf(client).once('connect', () => (reached = true))
  const timer = setTimeout(() => {
    const seconds = limitMs / 1000
    const message = reached
      ? `${label} takes connections, but opening one was not done after ${seconds} s`
      : `${label} does not answer within ${seconds} s`
    streamOf(client).destroy(Object.assign(new Error(message), { code: 'ETIMEDOUT' }))
  }, limitMs)
  try {
    await work()
  } finally {
    clearTimeout(timer)
  }
}
