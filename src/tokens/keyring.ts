import { readFile } from 'node:fs/promises'
import type { JWK } from 'jose'
import type { Db } from '../db/pool.ts'
import { createFirstKey, listAllKeys, type StoredKey } from './stored-keys.ts'
import { loadSigningKey, type Alg, type SigningKey } from './signing-key.ts'
import type { Words } from '../language.ts'
import { OperatorError } from '../operator-error.ts'

export type Keyring = {
  /** The key that signs login tokens now. */
  signer(): Promise<SigningKey>
  /** Every public key a verifier may need: RFC 7517. */
  jwks(): Promise<{ keys: JWK[] }>
  /**
   * For the library that signs id_tokens: with their private halves, RSA before EC, and of each kind
   * the one that signs, then those that come next, then retired ones. The library also verifies old
   * id_tokens with them, which come back as a hint at sign-out.
   */
  privateJwks(): Promise<readonly JWK[]>
  /** How old the keys in the database are; null where they are in `SIGNING_KEYS`, which says nothing of it. */
  ages(): Promise<KeyAges | null>
}

export type KeyAges = {
  /** For how many seconds the key that signs has done so; of both kinds, the older one. */
  signs: number
  /** How many published keys are in which state. */
  states: Record<StoredKey['state'], number>
}

type Keys = {
  signer: SigningKey
  jwks: { keys: JWK[] }
  privateJwks: readonly JWK[]
  rows: StoredKey[]
}

/** An instance learns of a rotation within this time; a new key waits much longer before it signs. */
const FRESH_MS = 60_000
/** Keys older than this are not served when the database cannot be asked. */
const STALE_MS = 300_000

/**
 * The keys in the database: made once, shared by all instances, held in memory and looked up again
 * once a minute by the first caller.
 *
 * @param options.tokenTtl seconds a login token lives, and so how long a replaced key stays published
 * @param options.rsa whether there are RSA keys for id_tokens beside the P-256 ones
 */
export async function createStoredKeyring(options: {
  db: Db
  tokenTtl: number
  rsa?: boolean
}): Promise<Keyring> {
  const { db, tokenTtl, rsa = false } = options
  await createFirstKey(db)
  if (rsa) await createFirstKey(db, 'RS256')

  const loaded = new Map<string, SigningKey>()
  const load = async (): Promise<Keys> => {
    const rows = await listAllKeys(db, { tokenTtl, rsa })
    const keys = await Promise.all(
      rows.map(async (row) => {
        const key = loaded.get(row.kid) ?? (await loadSigningKey(row.private_jwk))
        loaded.set(row.kid, key)
        return { ...row, key }
      }),
    )
    for (const kid of loaded.keys()) if (!rows.some((row) => row.kid === kid)) loaded.delete(kid)
    const signerOf = (alg: Alg) => keys.find((entry) => entry.alg === alg && entry.signs)?.key
    const signer = signerOf('ES256')
    if (!signer) throw new Error('no signing key is due: the table signing_keys has been emptied')
    if (rsa && !signerOf('RS256')) {
      throw new Error('no RSA key is due: the table oidc_keys has been emptied')
    }
    const published = keys.filter((entry) => entry.published)
    return {
      signer,
      jwks: { keys: published.map(({ key }) => key.publicJwk) },
      privateJwks: inOrderOfUse(keys).map(({ key }) => key.privateJwk),
      rows: published,
    }
  }

  let held = await load()
  let heldAt = performance.now()
  let pending: Promise<Keys> | undefined

  const refresh = (): Promise<Keys> =>
    (pending ??= load()
      .then((keys) => {
        heldAt = performance.now()
        return (held = keys)
      })
      .finally(() => (pending = undefined)))

  const current = async (): Promise<Keys> => {
    const age = performance.now() - heldAt
    if (age < FRESH_MS) return held
    try {
      return await refresh()
    } catch (error) {
      if (age < STALE_MS) return held
      throw error
    }
  }

  return {
    signer: async () => (await current()).signer,
    jwks: async () => (await current()).jwks,
    privateJwks: async () => (await current()).privateJwks,
    ages: async () => agesOf((await current()).rows),
  }
}

const KINDS: readonly Alg[] = ['RS256', 'ES256']
const STATES: readonly StoredKey['state'][] = ['signs', 'next', 'retired']

/** Newest first within each. */
const inOrderOfUse = <T extends Pick<StoredKey, 'alg' | 'state'>>(keys: readonly T[]): T[] =>
  keys.toSorted(
    (a, b) =>
      KINDS.indexOf(a.alg) - KINDS.indexOf(b.alg) ||
      STATES.indexOf(a.state) - STATES.indexOf(b.state),
  )

function agesOf(rows: readonly StoredKey[]): KeyAges {
  const states = { next: 0, signs: 0, retired: 0 }
  for (const { state } of rows) states[state]++
  const since = rows.filter((row) => row.signs).map((row) => Date.parse(row.signs_from))
  return { signs: (Date.now() - Math.min(...since)) / 1000, states }
}

/**
 * The keys of `SIGNING_KEYS`: the first P-256 one signs login tokens, the first RSA one id_tokens. All
 * of the kinds that are in use are published.
 *
 * @param text a private JWKS as JSON, or `file:PATH` of one
 * @param options.rsa whether RSA keys are in use; else they are read and left aside
 * @throws {OperatorError} with a sentence for the operator
 */
export async function createFixedKeyring(
  text: string,
  { rsa = false }: { rsa?: boolean } = {},
): Promise<Keyring> {
  const ring = await readKeys(text)
  const signer = ring.find(({ alg }) => alg === 'ES256')
  if (!signer) throw lacks('P-256', { en: 'signs login tokens', zh: '登录令牌用它签名' })
  if (rsa && !ring.some(({ alg }) => alg === 'RS256')) {
    throw lacks('RSA', { en: 'signs id_tokens with OIDC=on', zh: 'OIDC=on 时 id_token 用它签名' })
  }
  const used = ring.filter(({ alg }) => alg === 'ES256' || rsa)
  if (rsa && new Set(used.map(({ kid }) => kid)).size < used.length) {
    throw new OperatorError({
      en: 'SIGNING_KEYS has two keys of the same kid: with OIDC=on each needs its own.',
      zh: 'SIGNING_KEYS 中有两把密钥的 kid 相同：OIDC=on 时每把密钥的 kid 必须不同。',
    })
  }
  const jwks = { keys: used.map((key) => key.publicJwk) }
  const privateJwks = KINDS.flatMap((alg) => used.filter((key) => key.alg === alg)).map(
    (key) => key.privateJwk,
  )
  return {
    signer: async () => signer,
    jwks: async () => jwks,
    privateJwks: async () => privateJwks,
    ages: async () => null,
  }
}

async function readKeys(text: string): Promise<SigningKey[]> {
  const where = text.startsWith('file:') ? text : 'its JSON'
  try {
    const json = text.startsWith('file:')
      ? await readFile(text.slice('file:'.length), 'utf8')
      : text
    const { keys } = JSON.parse(json) as { keys?: unknown }
    if (!Array.isArray(keys) || keys.length === 0) throw new TypeError('it has no "keys"')
    return await Promise.all(keys.map(loadSigningKey))
  } catch (error) {
    // Never the text itself: JSON.parse quotes what it could not read, and that is a private key.
    const reason = error instanceof SyntaxError ? 'it is not JSON' : (error as Error).message
    throw new OperatorError({
      en: `SIGNING_KEYS must be a private JWKS as JSON, or file:PATH of one; ${where} does not fit: ${reason}.`,
      zh: `SIGNING_KEYS 应为私有 JWKS 的 JSON，或 file:路径；${where === 'its JSON' ? '其 JSON' : where} 不符合要求：${reason}。`,
    })
  }
}

const lacks = (kind: string, use: Words): OperatorError =>
  new OperatorError({
    en: `SIGNING_KEYS has no ${kind} key, which ${use.en}: "npx scenepass keys generate --rsa" prints one of each kind.`,
    zh: `SIGNING_KEYS 中没有 ${kind} 密钥，${use.zh}：执行 "npx scenepass keys generate --rsa" 可得到每种各一把。`,
  })
