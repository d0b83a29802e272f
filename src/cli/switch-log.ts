import type { Logger } from 'pino'

/**
 * Lets SIGUSR2 change the level of a running process's log: to `debug`, the next one back to what it
 * was (to `info` where it was that or finer already). Windows has no such signal.
 */
export function switchLogBySignal(log: Logger): void {
  const usual = log.level
  const other = log.isLevelEnabled('debug') ? 'info' : 'debug'
  process.on('SIGUSR2', () => {
    const [from, to] = log.level === usual ? [usual, other] : [other, usual]
    // Written while the finer of the two levels holds, or there might be no line at all.
    if (from === 'debug' || from === 'trace') say(log, to)
    log.level = to
    if (to === 'debug' || to === 'trace') say(log, to)
  })
}

const say = (log: Logger, to: string): void =>
  log.info(`the log is at ${to} now, until the next SIGUSR2`)
