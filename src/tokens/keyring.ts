import { readFile } from 'node:fs/promises'
import type { JWK } from 'jose'
import type { Db } from '../db/pool.ts'
import { createFirstKey, listKeys, type StoredKey } from './stored-keys.ts'
import { loadSigningKey, type SigningKey } from './signing-key.ts'
import { OperatorError } from '../operator-error.ts'

export type Keyring = {
  /** The key that signs now. */
  signer(): Promise<SigningKey>
  /** Every public key a verifier may need: RFC 7517. */
  jwks(): Promise<{ keys: JWK[] }>
  /** How old the keys in the database are; null where they are in `SIGNING_KEYS`, which says nothing of it. */
  ages(): Promise<KeyAges | null>
}

export type KeyAges = {
  /** For how many seconds the key that signs has done so. */
  signs: number
  /** How many keys are in which state. */
  states: Record<StoredKey['state'], number>
}

type Keys = { signer: SigningKey; jwks: { keys: JWK[] }; rows: StoredKey[] }

/** An instance learns of a rotation within this time; a new key waits much longer before it signs. */
const FRESH_MS = 60_000
/** Keys older than this are not served when the database cannot be asked. */
const STALE_MS = 300_000

/**
 * The keys in the database: made once, shared by all instances, held in memory and looked up again
 * once a minute by the first caller.
 *
 * @param options.tokenTtl seconds a token lives, and so how long a replaced key stays published
 */
export async function createStoredKeyring(options: { db: Db; tokenTtl: number }): Promise<Keyring> {
  const { db, tokenTtl } = options
  await createFirstKey(db)

  const loaded = new Map<string, SigningKey>()
  const load = async (): Promise<Keys> => {
    const rows = await listKeys(db, tokenTtl)
    const keys = await Promise.all(
      rows.map(async (row) => {
        const key = loaded.get(row.kid) ?? (await loadSigningKey(row.private_jwk))
        loaded.set(row.kid, key)
        return { key, signs: row.signs }
      }),
    )
    const signer = keys.find((entry) => entry.signs)?.key
    if (!signer) throw new Error('no signing key is due: the table signing_keys has been emptied')
    return { signer, jwks: { keys: keys.map((entry) => entry.key.publicJwk) }, rows }
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
    ages: async () => agesOf((await current()).rows),
  }
}

function agesOf(rows: readonly StoredKey[]): KeyAges {
  const states = { next: 0, signs: 0, retired: 0 }
  for (const { state } of rows) states[state]++
  const since = rows.find((row) => row.signs)?.signs_from ?? ''
  return { signs: (Date.now() - Date.parse(since)) / 1000, states }
}

/**
 * The keys of `SIGNING_KEYS`: the first one signs, all are published.
 *
 * @param text a private JWKS as JSON, or `file:PATH` of one
 * @throws {Error} with a sentence for the operator
 */
export async function createFixedKeyring(text: string): Promise<Keyring> {
  const where = text.startsWith('file:') ? text : 'its JSON'
  try {
    const json = text.startsWith('file:')
      ? await readFile(text.slice('file:'.length), 'utf8')
      : text
    const { keys } = JSON.parse(json) as { keys?: unknown }
    if (!Array.isArray(keys) || keys.length === 0) throw new TypeError('it has no "keys"')
    const ring = await Promise.all(keys.map(loadSigningKey))
    const jwks = { keys: ring.map((key) => key.publicJwk) }
    return {
      signer: async () => ring[0] as SigningKey,
      jwks: async () => jwks,
      ages: async () => null,
    }
  } catch (error) {
    // Never the text itself: JSON.parse quotes what it could not read, and that is a private key.
    const reason = error instanceof SyntaxError ? 'it is not JSON' : (error as Error).message
    throw new OperatorError({
      en: `SIGNING_KEYS must be a private JWKS as JSON, or file:PATH of one; ${where} does not fit: ${reason}.`,
      zh: `SIGNING_KEYS 应为私有 JWKS 的 JSON，或 file:路径；${where === 'its JSON' ? '其 JSON' : where} 不符合要求：${reason}。`,
    })
  }
}
