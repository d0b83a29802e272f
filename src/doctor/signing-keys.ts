import type { Db } from '../db/pool.ts'
import { messageOf } from '../operator-error.ts'
import { createFixedKeyring } from '../tokens/keyring.ts'
import { provesItself } from '../tokens/self-test.ts'
import { loadSigningKey, type Alg, type SigningKey } from '../tokens/signing-key.ts'
import { listAllKeys } from '../tokens/stored-keys.ts'
import { failed, ok, type Finding } from './finding.ts'

/** The keys that sign now, one of each kind in use; none while the first start has yet to make them. */
export type Signers = readonly SigningKey[]

/**
 * @param text `SIGNING_KEYS`
 * @param rsa whether id_tokens are signed, too
 */
export async function givenSigners(text: string, rsa: boolean): Promise<Signers> {
  const ring = await createFixedKeyring(text, { rsa })
  const first = await ring.signer()
  const [rsaJwk] = rsa ? await ring.privateJwks() : []
  return rsaJwk ? [first, await loadSigningKey(rsaJwk)] : [first]
}

/** Those among the keys in the database; this makes none. */
export async function storedSigners(
  db: Db,
  options: { tokenTtl: number; rsa: boolean },
): Promise<Signers> {
  const rows = await listAllKeys(db, options)
  const kinds = [...new Set<Alg>(rows.map(({ alg }) => alg))]
  return Promise.all(
    kinds.map((alg) => {
      const row = rows.find((each) => each.alg === alg && each.signs)
      if (!row) throw new Error(`none of the ${alg} keys in the database is due to sign`)
      return loadSigningKey(row.private_jwk)
    }),
  )
}

/** Do their signatures verify with the public keys that sites get? */
export async function checkSigningKeys(signers: () => Promise<Signers>): Promise<Finding> {
  try {
    const keys = await signers()
    if (keys.length === 0) {
      return ok({
        en: 'There is no signing key yet: the first start of the service makes one.',
        zh: '还没有签名密钥：服务首次启动时会自动生成。',
      })
    }
    for (const { kid, privateKey, publicJwk } of keys) {
      if (!(await provesItself(privateKey, publicJwk))) {
        throw new Error(`what ${kid} signs does not verify`)
      }
    }
    const [only, ...others] = keys.map(({ kid }) => kid)
    const all = keys.map(({ kid, alg }) => `${kid} (${alg})`)
    return others.length === 0
      ? ok({ en: `The signing key works: ${only}.`, zh: `签名密钥可用：${only}。` })
      : ok({
          en: `The signing keys work: ${all.join(', ')}.`,
          zh: `签名密钥可用：${all.join('、')}。`,
        })
  } catch (error) {
    const reason = messageOf(error).replace(/\.$/, '')
    return failed(
      {
        en: `The signing keys cannot be used: ${reason}.`,
        zh: `签名密钥不可用：${reason}。`,
      },
      {
        en: 'Make new ones ("npx scenepass keys generate" for SIGNING_KEYS, "npx scenepass keys rotate" for those in the database).',
        zh: '请重新生成：SIGNING_KEYS 用 "npx scenepass keys generate"，数据库中的密钥用 "npx scenepass keys rotate"。',
      },
    )
  }
}
