import { setTimeout as sleep } from 'node:timers/promises'
import type { DbLog } from '../pool.ts'
import { messageOf } from '../../operator-error.ts'
import { prepareFolder } from './folder.ts'
import { Line, lost } from './line.ts'
import type { FromDatabase } from './messages.ts'
import { startProcess, type DatabaseProcess } from './process.ts'

const PING_MS = 1_000
/** Pings without an answer: statements of requests are given up after one second, of jobs after five. */
const MOST_MISSED = 10
/** For a migration, and for the vacuum of a table that an older version has left to grow. */
const MOST_MISSED_PATIENTLY = 600
const SHORTEST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 10_000

export type Engine = {
  /** A new session; the one before ends. */
  connect(): Line
  /** From now on, or no longer, a statement may take minutes. */
  setPatient(patient: boolean): void
  close(): Promise<void>
}

/**
 * Starts the embedded database in a process of its own, and keeps it up: one that ends, or that does
 * not answer any more, is started again, and the log says why. Meanwhile connections are refused.
 *
 * @param folder where the data is kept, made when missing; `memory` keeps nothing
 * @throws {Error} with a sentence for the operator when it cannot start
 */
export async function startEngine(
  folder: string,
  log: DbLog,
  limits = { pingMs: PING_MS, mostMissed: MOST_MISSED },
): Promise<Engine> {
  const place = folder === 'memory' ? null : prepareFolder(folder, log)
  let database: DatabaseProcess | null = null
  let line: Line | null = null
  let sessions = 0
  let patient = false
  let vacuumed: string | null = null
  let missed = 0
  const closing = new AbortController()

  function hear(message: FromDatabase): void {
    if (message.say === 'data') {
      if (message.session === sessions && line?.destroyed === false) line.push(message.bytes)
    } else if (message.say === 'pong') missed = 0
    else if (message.say === 'vacuum') vacuumed = message.table
    else if (message.say === 'trouble') {
      log.warn(
        { reason: message.why },
        'the upkeep of the embedded database failed; it will try again',
      )
    }
  }

  async function start(): Promise<void> {
    const started = await startProcess(place, hear)
    if (closing.signal.aborted) return started.stop()
    missed = 0
    vacuumed = null
    database = started
    const since = performance.now()
    void started.ended.then((reason) => {
      database = null
      line?.destroy(lost('ECONNRESET', 'the embedded database has ended'))
      if (!closing.signal.aborted) void restart(reason, performance.now() - since)
    })
  }

  let pauseMs = SHORTEST_PAUSE_MS
  async function restart(reason: string, livedMs: number): Promise<void> {
    if (place === null) {
      log.warn(
        { reason },
        'the embedded database has ended, and with it all it kept in memory: start the service again',
      )
      return
    }
    log.warn({ reason }, 'the embedded database has ended: it is started again')
    if (livedMs > LONGEST_PAUSE_MS) pauseMs = SHORTEST_PAUSE_MS
    while (!closing.signal.aborted) {
      await sleep(pauseMs, undefined, { signal: closing.signal }).catch(() => {})
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
      if (closing.signal.aborted) return
      try {
        await start()
        if (!closing.signal.aborted) log.info({}, 'the embedded database answers again')
        return
      } catch (error) {
        const why = messageOf(error)
        log.warn({ reason: why }, 'the embedded database cannot be started; it will be tried again')
      }
    }
  }

  function ping(): void {
    if (database === null) return
    const most = patient || vacuumed !== null ? MOST_MISSED_PATIENTLY : limits.mostMissed
    if (missed >= most) {
      const seconds = Math.round((most * limits.pingMs) / 1000)
      database.kill(`it did not answer for ${seconds} s`)
      return
    }
    if (missed === 0) database.send({ say: 'ping' })
    missed++
  }

  await start()
  const pings = setInterval(ping, limits.pingMs).unref()

  return {
    connect() {
      const own = ++sessions
      line = new Line(own, database?.send ?? null)
      return line
    },
    setPatient(now) {
      patient = now
    },
    async close() {
      closing.abort()
      clearInterval(pings)
      await database?.stop()
    },
  }
}
