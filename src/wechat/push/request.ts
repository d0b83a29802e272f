import { randomInt } from 'node:crypto'
import { signatureOf, type PushCipher } from './crypto.ts'
import { writeXml } from './xml.ts'

/** WeChat's side of a push, for what stands in for WeChat: the sandbox, and the doctor. */

/** What WeChat wants to hear where there is nothing to say. */
export const NOTHING_TO_SAY = 'success'

/**
 * The query of a request that WeChat makes.
 *
 * @param at seconds since 1970
 * @param encrypted the ciphertext in its body, where there is one
 */
export function signedQuery(token: string, at: number, encrypted?: string): URLSearchParams {
  const [timestamp, nonce] = [String(Math.floor(at)), String(randomInt(1e9))]
  return new URLSearchParams({
    signature: signatureOf(token, timestamp, nonce),
    timestamp,
    nonce,
    ...(encrypted !== undefined && {
      encrypt_type: 'aes',
      msg_signature: signatureOf(token, timestamp, nonce, encrypted),
    }),
  })
}

/**
 * A push as it is sent, encrypted where there is a cipher.
 *
 * @param by.account whom it is for, as WeChat names it: gh_…
 * @param by.at seconds since 1970
 */
export function pushRequest(
  by: { token: string; cipher: PushCipher | null; account: string; at: number },
  xml: string,
): { query: URLSearchParams; body: string } {
  const { token, cipher, account, at } = by
  if (!cipher) return { query: signedQuery(token, at), body: xml }
  const encrypted = cipher.encrypt(xml)
  return {
    query: signedQuery(token, at, encrypted),
    body: writeXml({ ToUserName: account, Encrypt: encrypted }),
  }
}
