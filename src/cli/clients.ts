import { readConfig, type Config } from '../config/config.ts'
import { localUrl } from '../config/urls.ts'
import { connect } from '../db/connect.ts'
import { pendingMigrations } from '../db/migrate.ts'
import type { Words } from '../language.ts'
import { OperatorError } from '../operator-error.ts'
import { isCommand, readClientArguments, wrong } from './client-arguments.ts'
import { commands, type Work } from './client-commands.ts'
import { runCommand, type Program } from './command.ts'
import { bothOf, onTerminal } from './terminal.ts'

/** `scenepass clients`: the apps that people sign in to through this service. */
await runCommand(async (program) => {
  const [command, ...args] = process.argv.slice(2)
  if (!isCommand(command)) {
    throw wrong(
      'Say what to do with the clients: scenepass clients --help lists it.',
      '请写明对客户端做什么：用法见 scenepass clients --help。',
    )
  }
  const given = readClientArguments(command, args)
  const env = program.environment()
  const config = readConfig(env, { serves: false })
  const work = commands[command](given, {
    production: config.production,
    reserved: [config.tokens.audience, config.tokens.audienceMiniprogram],
    // With OIDC=off it is no part of the configuration yet.
    emailDomain: (env['OIDC_EMAIL_DOMAIN']?.trim() ?? '') !== '',
  })
  await withDatabase(program, config, work)
  for (const words of command === 'add' ? hintsOf(config) : []) {
    program.err(onTerminal() ? `\n${bothOf(words)}` : `${words.en}\n`)
  }
})

async function withDatabase(program: Program, config: Config, work: Work): Promise<void> {
  const log = program.log('warn', 'stderr')
  const { db, background, close } = await connect({ url: config.database.url, poolSize: 1, log })
  try {
    if ((await pendingMigrations(db)).length > 0) {
      throw new OperatorError({
        en: 'The database has no up-to-date schema yet: run "npx scenepass migrate" first.',
        zh: '数据库结构还不是最新的：请先执行 npx scenepass migrate。',
      })
    }
    // To take a client out reads every record, which may last longer than a request may.
    await work({ program, config, db: background, issuer: issuerOf(config) })
  } finally {
    await close()
  }
}

function issuerOf({ listen: { publicUrl, host, port } }: Config): string {
  return publicUrl ?? localUrl(host, port)
}

/** What is still to be set before anybody can sign in. */
function hintsOf({ oidc, listen, sandbox }: Config): Words[] {
  const off = {
    en: 'OIDC=off: the app can sign people in once the service runs with OIDC=on.',
    zh: '当前为 OIDC=off：服务以 OIDC=on 运行之后，这个应用才能登录。',
  }
  const noUrl = {
    en: 'PUBLIC_URL is not set: it is the issuer, and what is printed for the app depends on it.',
    zh: '尚未设置 PUBLIC_URL：它就是 issuer，上面输出的内容取决于它。',
  }
  return [
    ...(oidc === null ? [off] : []),
    ...(listen.publicUrl === null && !sandbox ? [noUrl] : []),
  ]
}
