/** Time for things that renew themselves; tests bring their own. */
export type Clock = {
  /** Milliseconds of a clock that never jumps; comparable only with itself. */
  now(): number
  /** Runs the task once after `ms` milliseconds; returns how to call it off. */
  after(ms: number, task: () => void): () => void
}

/** A wall clock that is set back would keep a dead token alive, so this one is monotonic. */
export const monotonicClock: Clock = {
  now: () => performance.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms).unref()
    return () => clearTimeout(timer)
  },
}
