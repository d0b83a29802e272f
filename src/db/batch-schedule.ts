export type BatchSchedule = {
  /** When a batch goes to the database: for DataLoader, as its `batchScheduleFn`. */
  dispatch(send: () => void): void
  /** A batch has been answered. */
  done(): void
  /** Whether a batch waits for the end of the turn. */
  gathering(): boolean
  /** Sends that batch at once. */
  hurry(): void
}

/**
 * Calls that share statements: those which arrive in one turn of the event loop, or while others are
 * being answered, go to the database together. When nothing is under way, nothing is waited for.
 *
 * @param options.inFlight batches that are under way at a time
 */
export function createBatchSchedule(options: { inFlight: number }): BatchSchedule {
  let free = options.inFlight
  let gathered: (() => void) | null = null
  const ready: (() => void)[] = []

  return {
    dispatch(send) {
      if (free === 0) return void ready.push(send)
      free--
      const turnEnd = setImmediate(() => gathered?.())
      gathered = () => {
        clearImmediate(turnEnd)
        gathered = null
        send()
      }
    },
    done() {
      const next = ready.shift()
      if (next) next()
      else free++
    },
    gathering: () => gathered !== null,
    hurry: () => gathered?.(),
  }
}
