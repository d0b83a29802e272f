import { readConfig } from '../config/config.ts'
import { connect } from '../db/connect.ts'
import { migrate } from '../db/migrate.ts'
import { runCommand } from './command.ts'

/** `scenepass migrate`: brings the schema up to date and ends, for deployments with `MIGRATE=off`. */
await runCommand(async (program) => {
  const { url } = readConfig(program.environment(), { serves: false }).database
  const log = program.log('warn', 'stderr')
  const { db, close } = await connect({ url, poolSize: 2, log, queryTimeoutMs: 0 })
  try {
    const applied = await migrate(db)
    program.out(
      applied.length > 0 ? `Applied: ${applied.join(', ')}\n` : 'The schema is up to date.\n',
    )
  } finally {
    await close()
  }
})
