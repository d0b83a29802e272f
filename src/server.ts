import { networkInterfaces } from 'node:os'
import closeWithGrace from 'close-with-grace'
import { createProgram } from './cli/command.ts'
import { switchLogBySignal } from './cli/switch-log.ts'
import { readConfig } from './config/config.ts'
import { commandToClose, openToOthers, secretFiles } from './config/secret-files.ts'

/** The composition root: what touches the process is here and in cli/. Wires, listens, stops gracefully. */

/** The address other machines of this network reach us at, for a real phone in the sandbox. */
const lanAddress = (): string | undefined =>
  Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.family === 'IPv4' && !each.internal)?.address

const program = createProgram()

function settings() {
  try {
    const env = program.environment()
    return { config: readConfig(env), exposed: openToOthers(secretFiles(env)) }
  } catch (error) {
    program.err(`${sentence(error)}\n`)
    process.exit(1)
  }
}

const { config, exposed } = settings()
const log = program.log(config.logLevel)
switchLogBySignal(log)
if (exposed.length > 0) {
  log.warn(
    { files: exposed },
    `other accounts of this machine can read or change ${exposed.join(', ')}, which may hold secrets: ${commandToClose(exposed)}`,
  )
}

try {
  // Not before: a mistake in a setting is told in half the time without all the rest.
  const { startService } = await import('./service.ts')
  const service = await startService({ config, log, lanAddress: lanAddress() })
  // In-flight requests get most of the ten seconds; a second signal does not wait for them.
  closeWithGrace({ delay: 9_000, logger: log, skip: ['SIGUSR2'] }, async ({ signal, err }) => {
    if (err) log.fatal({ err }, 'stopping after an error that nothing caught')
    else log.info({ signal }, 'stopping: requests in flight are finished first')
    await service.stop()
  })
} catch (error) {
  log.fatal(sentence(error))
  log.debug({ err: error }, 'the start failed')
  process.exitCode = 1
}

function sentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, port } = error as { code?: unknown; port?: unknown }
  return code === 'EADDRINUSE'
    ? `The port ${String(port)} is in use. Stop the program that has it, or set PORT to another one.`
    : error.message
}
