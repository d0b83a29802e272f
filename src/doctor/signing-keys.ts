import { jwtVerify, importJWK, SignJWT } from 'jose'
import type { Db } from '../db/pool.ts'
import { messageOf } from '../operator-error.ts'
import { createFixedKeyring } from '../tokens/keyring.ts'
import { loadSigningKey, type SigningKey } from '../tokens/signing-key.ts'
import { listKeys } from '../tokens/stored-keys.ts'
import { failed, ok, type Finding } from './finding.ts'

/** The key that signs now; null while the first start has yet to make one. */
export type Signer = SigningKey | null

/** @param text `SIGNING_KEYS` */
export const givenSigner = async (text: string): Promise<Signer> =>
  (await createFixedKeyring(text)).signer()

/** The one among the keys in the database; this makes none. */
export async function storedSigner(db: Db, tokenTtl: number): Promise<Signer> {
  const rows = await listKeys(db, tokenTtl)
  if (rows.length === 0) return null
  const keys = await Promise.all(
    rows.map(async (row) => ({ signs: row.signs, key: await loadSigningKey(row.private_jwk) })),
  )
  const signer = keys.find(({ signs }) => signs)?.key
  if (!signer) throw new Error('none of the keys in the database is due to sign')
  return signer
}

/** Does its signature verify with the public key that sites get? */
export async function checkSigningKeys(signer: () => Promise<Signer>): Promise<Finding> {
  try {
    const key = await signer()
    if (key === null) {
      return ok({
        en: 'There is no signing key yet: the first start of the service makes one.',
        zh: '还没有签名密钥：服务首次启动时会自动生成。',
      })
    }
    const token = await new SignJWT({}).setProtectedHeader({ alg: 'ES256' }).sign(key.privateKey)
    await jwtVerify(token, await importJWK(key.publicJwk, 'ES256'))
    return ok({ en: `The signing key works: ${key.kid}.`, zh: `签名密钥可用：${key.kid}。` })
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
