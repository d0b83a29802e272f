import closeWithGrace from 'close-with-grace'
import { sandboxAccount, sandboxOfficialAccount } from '../config/sandbox.ts'
import { listening } from '../http/listen.ts'
import { buildSandboxServer } from '../sandbox/server.ts'
import { runCommand, UsageError } from './command.ts'
import { instanceSettings, readArguments, type SandboxArguments } from './sandbox-arguments.ts'

function typed(): SandboxArguments {
  try {
    return readArguments(process.argv.slice(2))
  } catch (error) {
    const { message } = error as Error
    throw new UsageError({ en: message, zh: `用法有误，见 scenepass sandbox --help：${message}` })
  }
}

/** `scenepass sandbox`: the simulated WeChat alone. */
await runCommand(async (program) => {
  const { host, port, ...urls } = typed()
  // stdout is for the settings alone, so that they can be piped into a file.
  const log = program.log('warn', 'stderr')
  const app = await buildSandboxServer({
    ...urls,
    ...sandboxAccount,
    officialAccount: sandboxOfficialAccount,
    log,
  })
  const names = { host: '--host', port: '--port' }
  await listening({ host, port, names }, () => app.listen({ host, port }))
  closeWithGrace({ delay: 5000, logger: log }, async ({ err }) => {
    if (err) log.error(err)
    await app.close()
  })
  // Not through the program: these credentials are no secret, and may be in this shell already.
  process.stdout.write(instanceSettings(urls.publicUrl))
})
