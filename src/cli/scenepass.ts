#!/usr/bin/env node
import { commandUsage } from './usage.ts'

/**
 * `scenepass COMMAND`: one entry to every program here. Each runs when it is loaded, with the rest of
 * the command line as its own, so that a check of health does not wait for a database's driver.
 */
const commands: Record<string, () => Promise<unknown>> = {
  start: () => import('../server.ts'),
  migrate: () => import('./migrate.ts'),
  keys: () => import('./keys.ts'),
  clients: () => import('./clients.ts'),
  doctor: () => import('./doctor.ts'),
  sandbox: () => import('./sandbox.ts'),
  health: () => import('./health.ts'),
}
const WITHOUT_ARGUMENTS = ['start', 'migrate', 'health']

const wrongUsage = (zh: string, en: string): never => {
  process.stderr.write(`${zh} ${en}\n`)
  process.exit(2)
}

const [first = 'start', ...more] = process.argv.slice(2)
const rest = more.filter((argument) => argument !== '--')
const [extra] = rest

if (first === '--help' || first === '-h' || first === 'help') {
  process.stdout.write(commandUsage('scenepass'))
} else if (first === '--version' || first === '-v') {
  const { readFileSync } = await import('node:fs')
  // From dist/src/cli, where the build puts this file.
  const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
  process.stdout.write(`${(JSON.parse(manifest) as { version: string }).version}\n`)
} else if (!Object.hasOwn(commands, first)) {
  wrongUsage(
    `没有“${first}”这个命令，可用命令见 scenepass --help。`,
    `There is no command "${first}": scenepass --help lists them.`,
  )
} else if (rest.includes('--help') || rest.includes('-h')) {
  process.stdout.write(commandUsage(first))
} else if (extra !== undefined && WITHOUT_ARGUMENTS.includes(first)) {
  wrongUsage(
    `scenepass ${first} 不接受参数“${extra}”：配置写在环境变量或 .env 文件中。`,
    `scenepass ${first} takes no "${extra}": settings are environment variables, or stand in the file .env.`,
  )
} else {
  process.argv.splice(2, process.argv.length, ...rest)
  await commands[first]?.()
}
