import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Runs a task again and again with a pause of `everyMs`, give or take half, so that instances which
 * started together drift apart. A failure is handed to `onError` and the next round tries again.
 *
 * @returns stops the loop and resolves when it has ended
 */
export function repeat(options: {
  everyMs: number
  task: (signal: AbortSignal) => Promise<unknown>
  onError: (error: unknown) => void
}): () => Promise<void> {
  const stop = new AbortController()
  const loop = async () => {
    while (!stop.signal.aborted) {
      const pause = options.everyMs * (0.5 + Math.random())
      try {
        await sleep(pause, undefined, { signal: stop.signal, ref: false })
      } catch {
        return // aborted while asleep: there is nothing to finish
      }
      try {
        await options.task(stop.signal)
      } catch (error) {
        options.onError(error)
      }
    }
  }
  const ended = loop()
  return () => {
    stop.abort()
    return ended
  }
}
