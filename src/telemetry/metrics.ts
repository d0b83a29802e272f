import type { Measured } from '../db/pool.ts'
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

/** What became of tickets. `expired` is counted when the rows go, at least 10 minutes later. */
const ticketOutcomes = [
  'created',
  'scanned',
  'confirmed',
  'delivered',
  'denied',
  'canceled',
  'expired',
] as const

export type TicketOutcome = (typeof ticketOutcomes)[number]

type Soon<T> = T | Promise<T>

/**
 * A gauge is asked for its value at every scrape, and given a second. Without a label that is a
 * number, or undefined where there is none to show; with one, a number for each value of the label.
 */
export type GaugeOptions = { name: string; help: string } & (
  | { label?: undefined; collect: () => Soon<number | undefined> }
  | { label: string; collect: () => Soon<Readonly<Record<string, number>>> }
)

export type Metrics = {
  registry: Registry
  tickets(outcome: TicketOutcome, count?: number): void
  /** Seconds from a ticket's creation to its confirmation. */
  confirmed(age: number): void
  pollBatch(size: number): void
  /** A request that was refused before it became one. */
  refusal(): void
  /** A statement of polls that the read replica was asked first. */
  readReplica(outcome: 'answered' | 'failed'): void
  statement(statement: Measured): void
  /** What WeChat pushed to us, and what became of it. */
  push(push: { event: string; outcome: string; seconds: number }): void
  /** What an app did, by its id; empty where the request named none. */
  openId(happened: { client: string; event: string }): void
  wechatCall(call: { api: string; errcode: string; seconds: number }): void
  gauge(options: GaugeOptions): void
  close(): void
}

const COLLECT_MS = 1_000

/**
 * Prometheus metrics of this process; nothing is measured where it cannot be read.
 *
 * @param options.version ours
 * @param options.onError called with a gauge that could not be read; the others are shown all the same
 */
export function createMetrics(
  options: { version?: string; onError?: (gauge: string, error: unknown) => void } = {},
): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })

  new Gauge({
    name: 'scenepass_build_info',
    help: 'Always 1: which version this instance runs, and on which Node.js',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version: options.version ?? 'unknown', node: process.version }, 1)

  const tickets = new Counter({
    name: 'scenepass_tickets_total',
    help: 'Transitions of tickets that this instance made, by what became of them',
    labelNames: ['outcome'],
    registers,
  })
  // From zero, so that the first one is an increase.
  for (const outcome of ticketOutcomes) tickets.inc({ outcome }, 0)
  const confirmations = new Histogram({
    name: 'scenepass_ticket_confirmation_seconds',
    help: 'From the creation of a ticket to its confirmation, in seconds',
    buckets: [2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 240],
    registers,
  })
  const batches = new Histogram({
    name: 'scenepass_poll_batch_size',
    help: 'Polls that shared a statement',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
    registers,
  })
  const refusals = new Counter({
    name: 'scenepass_overload_refusals_total',
    help: 'Requests refused with OVERLOADED; the requests by route do not have them',
    registers,
  })
  const readReplica = new Counter({
    name: 'scenepass_read_replica_statements_total',
    help: 'Statements of polls that the read replica was asked first; after a failure the database itself',
    labelNames: ['outcome'],
    registers,
  })
  const statementSeconds = new Histogram({
    name: 'scenepass_db_statement_duration_seconds',
    help: 'Time of a statement in seconds, without the wait for a connection',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers,
  })
  const statementErrors = new Counter({
    name: 'scenepass_db_statement_errors_total',
    help: 'Statements that failed, by SQLSTATE, or "connection" where the database gave none',
    labelNames: ['code'],
    registers,
  })
  const pushes = new Counter({
    name: 'scenepass_wechat_pushes_total',
    help: 'Pushes of WeChat to the official account, by event and what became of them',
    labelNames: ['event', 'outcome'],
    registers,
  })
  const pushSeconds = new Histogram({
    name: 'scenepass_wechat_push_duration_seconds',
    help: 'Time to the answer of a push in seconds; WeChat waits for 5',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5],
    registers,
  })
  const openId = new Counter({
    name: 'scenepass_oidc_total',
    help: 'What other apps did, by the client_id of an app that there is, and what came of it',
    labelNames: ['client', 'event'],
    registers,
  })
  const calls = new Counter({
    name: 'scenepass_wechat_calls_total',
    help: 'Requests sent to WeChat, by API and errcode (0 = success)',
    labelNames: ['api', 'errcode'],
    registers,
  })
  const callSeconds = new Histogram({
    name: 'scenepass_wechat_call_duration_seconds',
    help: "Time to the end of WeChat's answer in seconds, by API",
    labelNames: ['api'],
    buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  })

  return {
    registry,
    tickets: (outcome, count = 1) => tickets.inc({ outcome }, count),
    confirmed: (age) => confirmations.observe(age),
    pollBatch: (size) => batches.observe(size),
    refusal: () => refusals.inc(),
    readReplica: (outcome) => readReplica.inc({ outcome }),
    statement({ seconds, error }) {
      statementSeconds.observe(seconds)
      if (error !== null) statementErrors.inc({ code: sqlStateOf(error) })
    },
    push({ event, outcome, seconds }) {
      pushes.inc({ event, outcome })
      pushSeconds.observe(seconds)
    },
    openId: ({ client, event }) => openId.inc({ client, event }),
    wechatCall({ api, errcode, seconds }) {
      calls.inc({ api, errcode })
      callSeconds.observe({ api }, seconds)
    },
    gauge({ name, help, label, collect }) {
      const labelNames = label === undefined ? [] : [label]
      const gauge = new Gauge({
        name,
        help,
        labelNames,
        registers,
        async collect() {
          let reading: number | Readonly<Record<string, number>> | undefined
          try {
            reading = await inTime<typeof reading>(collect)
          } catch (error) {
            options.onError?.(name, error)
          }
          gauge.reset()
          // Without a label that leaves a zero, which would be a lie.
          if (labelNames.length === 0) gauge.remove()
          if (typeof reading === 'number') gauge.set(reading)
          else for (const [value, n] of Object.entries(reading ?? {})) gauge.labels(value).set(n)
        },
      })
    },
    close: () => registry.clear(),
  }
}

/** A code of PostgreSQL's has a digit among its five characters, one of Node.js (EPIPE) has none. */
function sqlStateOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(code) ? code : 'connection'
}

/** A scrape must not wait for a database that does not answer. */
async function inTime<T>(work: () => Soon<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no value within ${COLLECT_MS} ms`)), COLLECT_MS)
  })
  try {
    return await Promise.race([work(), limit])
  } finally {
    clearTimeout(timer)
  }
}
