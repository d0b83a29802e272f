import { parseArgs } from 'node:util'
import pino from 'pino'
import { readConfig } from '../config/config.ts'
import { connect } from '../db/connect.ts'
import { pendingMigrations } from '../db/migrate.ts'
import type { Db } from '../db/pool.ts'
import { generateSigningJwk } from '../tokens/signing-key.ts'
import { listKeys, removeKey, rotateKeys } from '../tokens/stored-keys.ts'
import { environment, runCommand } from './command.ts'

const usage = `npm run keys -- COMMAND

  list        the keys in the database: which one signs, which come next, which are retired
  rotate      a new key: published at once, signs after 15 minutes; the old one retires then
  remove KID  take a leaked key out at once; tokens it signed stop verifying
  generate    print a new private JWKS for SIGNING_KEYS; touches no database
`

/** `npm run keys`: the signing keys of the login token. */
await runCommand(async () => {
  const { positionals } = parseArgs({ allowPositionals: true })
  const [command, kid] = positionals

  if (command === 'generate') {
    process.stdout.write(`${JSON.stringify({ keys: [await generateSigningJwk()] })}\n`)
    return
  }
  if (command === 'list') return withKeys(list)
  if (command === 'rotate') return withKeys(rotate)
  if (command === 'remove' && kid) return withKeys((db) => remove(db, kid))
  throw new Error(usage)
})

async function list(db: Db, tokenTtl: number): Promise<void> {
  for (const key of await listKeys(db, tokenTtl)) {
    process.stdout.write(`${key.kid}  ${key.state.padEnd(7)}  signs from ${key.signs_from}\n`)
  }
}

async function rotate(db: Db): Promise<void> {
  const { kid, signs_from } = await rotateKeys(db)
  process.stdout.write(`${kid} is published now and signs from ${signs_from}.\n`)
}

async function remove(db: Db, kid: string): Promise<void> {
  if (!(await removeKey(db, kid))) throw new Error(`There is no key ${kid}.`)
  process.stdout.write(`${kid} is gone. Verifiers forget it within 10 minutes.\n`)
}

async function withKeys(work: (db: Db, tokenTtl: number) => Promise<void>): Promise<void> {
  const config = readConfig(environment(), { serves: false })
  if (config.tokens.signingKeys) {
    throw new Error(
      'SIGNING_KEYS is set, so the keys are yours to rotate: docs/operate.md says how.',
    )
  }
  const log = pino({ level: 'warn' }, pino.destination(2))
  const { db, close } = await connect({ url: config.database.url, poolSize: 1, log })
  try {
    if ((await pendingMigrations(db)).length > 0) {
      throw new Error('The database has no up-to-date schema yet: run "npm run migrate" first.')
    }
    await work(db, config.tokens.ttl)
  } finally {
    await close()
  }
}
