import { networkInterfaces } from 'node:os'
import closeWithGrace from 'close-with-grace'
import { readConfig } from '../config/config.ts'
import { commandToClose, openToOthers, secretFiles } from '../config/secret-files.ts'
import type { HandOver } from './boot.ts'
import { createProgram } from './command.ts'
import { switchLogBySignal } from './switch-log.ts'
import { banner } from './terminal.ts'

/** The addresses at which other machines of this network reach us. */
const ownAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flat()
    .filter((each) => each?.family === 'IPv4' && !each.internal)
    .map((each) => each?.address ?? '')

/**
 * The composition root: starts the service, and stops it gracefully. A start that fails is told in one
 * sentence, and ends the process.
 */
export async function start(handOver: HandOver): Promise<void> {
  const program = createProgram()
  try {
    const env = program.environment()
    const config = readConfig(env)
    const log = program.log(config.logLevel)
    switchLogBySignal(log)
    const exposed = openToOthers(secretFiles(env))
    if (exposed.length > 0) {
      log.warn(
        { files: exposed },
        `other accounts of this machine can read or change ${exposed.join(', ')}, which may hold secrets: ${commandToClose(exposed)}`,
      )
    }
    // Not before: a mistake in a setting is told in half the time without all the rest.
    const { startService } = await import('../service.ts')
    const service = await startService({ config, log, ownAddresses: ownAddresses() })
    handOver()
    // In-flight requests get most of the ten seconds; a second signal does not wait for them.
    closeWithGrace({ delay: 9_000, logger: log, skip: ['SIGUSR2'] }, async ({ signal, err }) => {
      if (err) log.fatal({ err }, 'stopping after an error that nothing caught')
      else log.info({ signal }, 'stopping: requests in flight are finished first')
      await service.stop()
    })
    if (process.stdout.isTTY === true) program.out(banner(service))
  } catch (error) {
    program.fail(error)
  }
}
