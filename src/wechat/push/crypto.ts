import { createCipheriv, createDecipheriv, hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { refuse } from './refused.ts'

/**
 * WeChat's signature of a push: SHA-1 over its strings, sorted and joined. Plain pushes are signed by
 * Token, timestamp and nonce alone, which says nothing of the body; encrypted ones by the ciphertext, too.
 *
 * @see https://developers.weixin.qq.com/doc/oplatform/developers/dev/push/encryption.html
 */
export const signatureOf = (...strings: string[]): string =>
  hash('sha1', [...strings].sort().join(''), 'hex')

/** In constant time. */
export function sameSignature(given: string, right: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** WeChat pads to 32 bytes, so the cipher's own padding, to 16, is switched off. */
const BLOCK = 32
const RANDOM = 16
const LENGTH = 4
const ALGORITHM = 'aes-256-cbc'

export type PushCipher = {
  /** @returns base64 */
  encrypt(message: string): string
  /**
   * @param encrypted base64
   * @throws {PushRefused} where it was not encrypted with this key for this account
   */
  decrypt(encrypted: string): string
}

/**
 * Messages are 16 random bytes, the length as a big-endian number of 32 bits, the message, and the
 * AppID; AES-256-CBC with the key's first half as the initial vector.
 *
 * @param options.aesKey EncodingAESKey: 43 characters; the last one's two low bits count for nothing
 * @param options.random 16 bytes; by default new ones each time
 */
export function createPushCipher(options: {
  appid: string
  aesKey: string
  random?: () => Uint8Array
}): PushCipher {
  const { appid, random = () => randomBytes(RANDOM) } = options
  const key = Buffer.from(`${options.aesKey}=`, 'base64')
  const vector = key.subarray(0, 16)

  return {
    encrypt(message) {
      const text = Buffer.from(message)
      const length = Buffer.alloc(LENGTH)
      length.writeUInt32BE(text.length)
      const content = Buffer.concat([random(), length, text, Buffer.from(appid)])
      const padding = BLOCK - (content.length % BLOCK)
      const cipher = createCipheriv(ALGORITHM, key, vector).setAutoPadding(false)
      return Buffer.concat([
        cipher.update(content),
        cipher.update(Buffer.alloc(padding, padding)),
        cipher.final(),
      ]).toString('base64')
    },

    decrypt(encrypted) {
      const bytes = Buffer.from(encrypted, 'base64')
      // Node passes over what is no base64; then it is not what was signed.
      if (bytes.toString('base64') !== encrypted) throw refuse('Encrypt is no base64')
      if (bytes.length === 0 || bytes.length % BLOCK !== 0)
        throw refuse('Encrypt has a wrong length')
      const decipher = createDecipheriv(ALGORITHM, key, vector).setAutoPadding(false)
      return messageIn(Buffer.concat([decipher.update(bytes), decipher.final()]), appid)
    },
  }
}

function messageIn(padded: Buffer, appid: string): string {
  const padding = padded[padded.length - 1] as number
  const end = padded.length - padding
  const isPadded =
    padding >= 1 && padding <= BLOCK && padded.subarray(end).every((byte) => byte === padding)
  if (!isPadded || end < RANDOM + LENGTH) {
    throw refuse('it was not encrypted with OA_AES_KEY')
  }
  const begin = RANDOM + LENGTH
  const messageEnd = begin + padded.readUInt32BE(RANDOM)
  if (messageEnd > end) throw refuse('the message is longer than what was encrypted')
  if (padded.toString('utf8', messageEnd, end) !== appid) {
    throw refuse('it was encrypted for an account that is not OA_APPID')
  }
  return utf8(padded.subarray(begin, messageEnd))
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** @throws {PushRefused} for bytes that are no UTF-8 */
export function utf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw refuse('it is no UTF-8')
  }
}
