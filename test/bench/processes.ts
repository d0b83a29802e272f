import { fork, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseEnv } from 'node:util'
import { request } from 'undici'
import { freePort } from '../fixtures/postgres/postgres.ts'
import { processIds, statOf } from '../fixtures/process-stat.ts'
import type { Plan, Result } from './load.ts'
import type { Kind, Usage } from './instance.ts'

/** Which core a process has for itself: the measured one, or the one for everything around it. */
export type Core = 'measured' | 'around'

const canPin =
  process.platform === 'linux' &&
  availableParallelism() > 1 &&
  spawnSync('taskset', ['--version']).status === 0

/** Keeps a process and its threads to one core, where the machine can do that. */
export function pin(pid: number | undefined, core: Core): boolean {
  if (!canPin || pid === undefined) return false
  const done = spawnSync('taskset', ['-acp', core === 'measured' ? '0' : '1', String(pid)])
  return done.status === 0
}

const started: ChildProcess[] = []

const built = (name: string): string => fileURLToPath(new URL(`./${name}.js`, import.meta.url))

async function start(
  name: string,
  core: Core,
  options: { args?: string[]; env?: NodeJS.ProcessEnv; quiet?: boolean } = {},
): Promise<ChildProcess> {
  const { args = [], env = {} } = options
  const child = fork(built(name), args, {
    env: { ...process.env, ...env },
    execArgv: ['--expose-gc'],
    silent: options.quiet === true,
  })
  started.push(child)
  pin(child.pid, core)
  return child
}

export async function stopAll(): Promise<void> {
  for (const child of started.splice(0)) await end(child)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

/** What a child says next; its end is an error. */
async function heard<T>(child: ChildProcess): Promise<T> {
  const waiting = new AbortController()
  const { signal } = waiting
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([message]) => message as T),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`a process of the bench ended with ${code}`)
      }),
    ])
  } finally {
    waiting.abort()
  }
}

export type Instance = {
  kind: Kind
  url: string
  usage(ask?: 'usage' | 'collect'): Promise<Usage>
  stop(): Promise<void>
}

export async function startInstance(kind: Kind, env: NodeJS.ProcessEnv): Promise<Instance> {
  const child = await start('instance', 'measured', { args: [kind], env })
  const url = await heard<string>(child)
  // Threads that came while it started.
  pin(child.pid, 'measured')
  return {
    kind,
    url,
    usage: (ask = 'usage') => {
      child.send(ask)
      return heard<Usage>(child)
    },
    stop: () => end(child),
  }
}

/** The simulated WeChat, in a process of its own. */
export async function startSandbox(): Promise<{
  url: string
  /** What an instance needs to take it for WeChat. */
  settings: Record<string, string>
  /** Its codes take so many milliseconds from now on. */
  slowCodes(delayMs: number): Promise<void>
}> {
  const port = await freePort()
  const child = await start('../../src/cli/sandbox', 'around', {
    args: ['--port', String(port)],
    quiet: true,
  })
  const [chunk] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    settings: parseEnv(String(chunk)) as Record<string, string>,
    slowCodes: async (delayMs) => {
      const fault = { api: 'getwxacodeunlimit', delay_ms: delayMs, times: 1_000_000 }
      const { statusCode, body } = await request(`${url}/sandbox/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(fault),
      })
      await body.dump()
      if (statusCode >= 300) throw new Error(`the simulated WeChat answered ${statusCode}`)
    },
  }
}

export type Load = (plan: Plan) => Promise<Result>

export async function startLoad(): Promise<Load> {
  const child = await start('load', 'around')
  return (plan) => {
    child.send(plan)
    return heard<Result>(child)
  }
}

/**
 * CPU time of a PostgreSQL server and all its processes since their start, in microseconds; null
 * where the system has no /proc to tell it.
 */
export function databaseCpuUs(postmaster: number): number | null {
  if (process.platform !== 'linux') return null
  let us = 0
  for (const pid of processIds()) {
    const stat = statOf(pid)
    if (stat?.parent === postmaster) us += stat.cpuUs
    // The postmaster adds up those that have ended.
    if (stat && pid === postmaster) us += stat.cpuUs + stat.endedCpuUs
  }
  return us
}
