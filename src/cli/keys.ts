import { randomInt } from 'node:crypto'
import { readConfig } from '../config/config.ts'
import { connect } from '../db/connect.ts'
import { pendingMigrations } from '../db/migrate.ts'
import type { Db } from '../db/pool.ts'
import { generateSigningJwk, type Alg } from '../tokens/signing-key.ts'
import { hasKeys, listAllKeys, removeKey, rotateKeys } from '../tokens/stored-keys.ts'
import { runCommand, UsageError, type Program } from './command.ts'
import { OperatorError } from '../operator-error.ts'

/** What WeChat's console takes as Token at most, and as EncodingAESKey. */
const TOKEN_LENGTH = 32
const AES_KEY_LENGTH = 43
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const letters = (length: number): string =>
  Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]).join('')

/** `scenepass keys`: the signing keys of the tokens, and what pushes are signed with. */
await runCommand(async (program) => {
  // No options, so nothing to parse: one key id of 64 begins with a hyphen (RFC 7638, base64url).
  const [command, kid] = process.argv.slice(2).filter((argument) => argument !== '--')

  if (command === 'generate' && (kid === undefined || kid === '--rsa')) {
    const kinds: readonly Alg[] = kid === '--rsa' ? ['ES256', 'RS256'] : ['ES256']
    const keys = await Promise.all(kinds.map((alg) => generateSigningJwk(alg)))
    program.out(`${JSON.stringify({ keys })}\n`)
    return
  }
  if (command === 'push') {
    program.out(`OA_TOKEN=${letters(TOKEN_LENGTH)}\nOA_AES_KEY=${letters(AES_KEY_LENGTH)}\n`)
    return
  }
  if (command === 'export') return withKeys(program, exportKeys)
  if (command === 'list') return withKeys(program, list)
  if (command === 'rotate') return withKeys(program, rotate)
  if (command === 'remove' && kid) return withKeys(program, (opened) => remove(opened, kid))
  throw new UsageError(
    command === 'remove'
      ? {
          en: 'remove needs the KID of a key: scenepass keys list prints them.',
          zh: 'remove 需要写明密钥的 KID，可用 scenepass keys list 查看。',
        }
      : {
          en: 'Say what to do with the keys: scenepass keys --help lists it.',
          zh: '请写明对密钥做什么：用法见 scenepass keys --help。',
        },
  )
})

type Opened = {
  program: Program
  db: Db
  tokenTtl: number
  /** Whether there are keys for id_tokens, or a start would make one. */
  rsa: boolean
}

async function list({ program, db, tokenTtl, rsa }: Opened): Promise<void> {
  for (const key of await listAllKeys(db, { tokenTtl, rsa })) {
    const { kid, alg, state, signs_from, published } = key
    const rest = published ? '' : '; known to sign-outs alone'
    program.out(`${kid}  ${state.padEnd(7)}  ${alg}  signs from ${signs_from}${rest}\n`)
  }
}

/**
 * All keys that a verifier may need, so no token dies with the move; those that sign go on doing so,
 * so no verifier meets a key that it has not seen.
 */
async function exportKeys({ program, db, tokenTtl, rsa }: Opened): Promise<void> {
  if (process.stdout.isTTY) {
    throw new OperatorError({
      en: 'What comes is private keys, which no screen should show. Send it into a file: ( umask 077; npx scenepass keys export > signing-keys.json )',
      zh: '导出的是私钥，不应显示在屏幕上，请写入文件：( umask 077; npx scenepass keys export > signing-keys.json )',
    })
  }
  const keys = (await listAllKeys(db, { tokenTtl, rsa })).filter(({ published }) => published)
  if (!keys.some(({ signs }) => signs)) {
    throw new OperatorError({
      en: 'The database has no key yet: it is made at the first start of ScenePass.',
      zh: '数据库中还没有密钥，首次启动 ScenePass 时才会生成。',
    })
  }
  const inOrder = [...keys].sort((a, b) => Number(b.signs) - Number(a.signs))
  program.out(`${JSON.stringify({ keys: inOrder.map((key) => key.private_jwk) })}\n`)
}

async function rotate({ program, db }: Opened): Promise<void> {
  // The first RSA key is made by a start with OIDC=on, which signs with it at once.
  const kinds: readonly Alg[] = (await hasKeys(db, 'RS256')) ? ['ES256', 'RS256'] : ['ES256']
  for (const alg of kinds) {
    const { kid, signs_from } = await rotateKeys(db, alg)
    program.out(`${kid} (${alg}) is published now and signs from ${signs_from}.\n`)
  }
}

async function remove({ program, db }: Opened, kid: string): Promise<void> {
  if (!(await removeKey(db, kid, 'ES256')) && !(await removeKey(db, kid, 'RS256'))) {
    throw new OperatorError({ en: `There is no key ${kid}.`, zh: `没有 ${kid} 这个密钥。` })
  }
  program.out(`${kid} is gone. Verifiers forget it within 10 minutes.\n`)
}

async function withKeys(program: Program, work: (opened: Opened) => Promise<void>): Promise<void> {
  const config = readConfig(program.environment(), { serves: false })
  if (config.tokens.signingKeys) {
    throw new OperatorError({
      en: 'SIGNING_KEYS is set, so the keys are yours to rotate: docs/operate.md says how.',
      zh: '已设置 SIGNING_KEYS，密钥由您自己轮换：方法见 docs/operate.zh-CN.md。',
    })
  }
  const log = program.log('warn', 'stderr')
  const { db, close } = await connect({ url: config.database.url, poolSize: 1, log })
  try {
    if ((await pendingMigrations(db)).length > 0) {
      throw new OperatorError({
        en: 'The database has no up-to-date schema yet: run "npx scenepass migrate" first.',
        zh: '数据库结构还不是最新的：请先执行 npx scenepass migrate。',
      })
    }
    const rsa = config.oidc !== null || (await hasKeys(db, 'RS256'))
    await work({ program, db, tokenTtl: config.tokens.ttl, rsa })
  } finally {
    await close()
  }
}
