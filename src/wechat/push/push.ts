import { createPushCipher, sameSignature, signatureOf, utf8, type PushCipher } from './crypto.ts'
import { refuse } from './refused.ts'
import { readXml, writeXml, type Fields } from './xml.ts'

/** What the console of the official account and we have in common. */
export type PushSettings = {
  appid: string
  /** 3 to 32 letters and digits. */
  token: string
  /** With one, only encrypted pushes are taken; without, only plain ones. */
  aesKey: string | null
}

/** What a person did that a login is about. The scene is null where they did not scan a code of ours. */
export type PushedEvent =
  | { kind: 'scan' | 'follow'; openid: string; scene: string | null }
  | { kind: 'unfollow'; openid: string }

export type Push = {
  /** Null: there is nothing to do, as with a message or a tap on the menu. */
  event: PushedEvent | null
  /**
   * What the person is told in the chat, as the body of the answer: encrypted where the push was.
   *
   * @param now seconds since 1970
   */
  reply(text: string, now: number): string
}

/** How far WeChat's clock and the database's may be apart: a push that was logged is soon worth nothing. */
const FRESH_SECONDS = 300
const LONGEST_NONCE = 64
const LONGEST_ECHO = 256
const LONGEST_ENCRYPTED = 48 * 1024
const OPENID = /^[A-Za-z0-9_-]{20,64}$/
/** A code that a stranger scans is pushed as this and the scene, once they follow. */
const FOLLOWED_BY_SCAN = 'qrscene_'

type Query = Readonly<Record<string, unknown>>

export type Pushes = {
  /**
   * Answers WeChat's question whether the URL is ours: what is to be sent back as it is.
   *
   * @param now the database's clock, in seconds since 1970
   * @throws {PushRefused}
   */
  verify(query: Query, now: number): string
  /** @throws {PushRefused} */
  open(query: Query, body: Uint8Array, now: number): Push
}

/**
 * Opens what WeChat pushes to our URL. Whatever is in a push counts for nothing before its signature
 * has been checked, and the query's `openid` never does: it is not signed.
 *
 * @param options.isScene whether a text may be a scene
 * @see https://developers.weixin.qq.com/doc/service/guide/dev/push/encryption.html
 */
export function createPushes(
  options: PushSettings & { isScene: (text: string) => boolean; random?: () => Uint8Array },
): Pushes {
  const { appid, token, aesKey, isScene, random } = options
  const cipher =
    aesKey === null ? null : createPushCipher({ appid, aesKey, ...(random && { random }) })

  /** What every request has: when it was made, and something to sign. */
  function stamp(query: Query, now: number): { timestamp: string; nonce: string } {
    const { timestamp, nonce } = query
    if (typeof timestamp !== 'string' || !/^[0-9]{1,10}$/.test(timestamp)) {
      throw refuse('timestamp is no time')
    }
    if (typeof nonce !== 'string' || nonce === '' || nonce.length > LONGEST_NONCE) {
      throw refuse('nonce is missing, or too long')
    }
    if (!isFresh(timestamp, now)) throw refuse('timestamp is not of these five minutes')
    return { timestamp, nonce }
  }

  function sign(given: unknown, name: string, strings: string[]): void {
    if (typeof given !== 'string') throw refuse(`${name} is missing`)
    if (!sameSignature(given, signatureOf(token, ...strings))) {
      throw refuse(`${name} is wrong: it was not made with OA_TOKEN`)
    }
  }

  /** The fields of a push, once it is known to be WeChat's. */
  function authentic(query: Query, body: Uint8Array, now: number): Fields {
    const { timestamp, nonce } = stamp(query, now)
    if (!cipher) {
      sign(query['signature'], 'signature', [timestamp, nonce])
      const fields = readXml(utf8(body))
      if ('Encrypt' in fields && !('FromUserName' in fields)) {
        throw refuse('it is encrypted: set OA_AES_KEY, or 明文模式 in the console')
      }
      return fields
    }
    const { Encrypt: encrypted } = readXml(utf8(body))
    if (!encrypted) throw refuse('it is not encrypted: choose 安全模式 in the console')
    if (encrypted.length > LONGEST_ENCRYPTED) throw refuse('Encrypt is too long')
    sign(query['msg_signature'], 'msg_signature', [timestamp, nonce, encrypted])
    return readXml(cipher.decrypt(encrypted))
  }

  return {
    verify(query, now) {
      const { timestamp, nonce } = stamp(query, now)
      sign(query['signature'], 'signature', [timestamp, nonce])
      const { echostr } = query
      if (typeof echostr !== 'string' || echostr === '' || echostr.length > LONGEST_ECHO) {
        throw refuse('echostr is missing, or too long')
      }
      return echostr
    },

    open(query, body, now) {
      const fields = authentic(query, body, now)
      if (!isFresh(fields['CreateTime'] ?? '', now)) {
        throw refuse('CreateTime is not of these five minutes')
      }
      const { FromUserName: openid = '', ToUserName: account = '' } = fields
      if (!OPENID.test(openid)) throw refuse('FromUserName is no openid')
      return {
        event: eventIn(fields, openid, isScene),
        reply: (text, at) => replyOf({ openid, account, text, at, token, cipher }),
      }
    },
  }
}

const isFresh = (seconds: string, now: number): boolean =>
  /^[0-9]{1,10}$/.test(seconds) && Math.abs(Number(seconds) - now) <= FRESH_SECONDS

function eventIn(
  fields: Fields,
  openid: string,
  isScene: (text: string) => boolean,
): PushedEvent | null {
  const { MsgType: type, Event: event = '', EventKey: key = '' } = fields
  if (type?.toLowerCase() !== 'event') return null
  const sceneOf = (text: string) => (isScene(text) ? text : null)
  // In capitals, small letters and mixed: all have been seen.
  switch (event.toLowerCase()) {
    case 'scan':
      return { kind: 'scan', openid, scene: sceneOf(key) }
    case 'subscribe': {
      // Taken off once, and only here: a scene may begin with it.
      const scanned = key.startsWith(FOLLOWED_BY_SCAN)
      const scene = scanned ? sceneOf(key.slice(FOLLOWED_BY_SCAN.length)) : null
      return { kind: 'follow', openid, scene }
    }
    case 'unsubscribe':
      return { kind: 'unfollow', openid }
    default:
      return null
  }
}

/** @see https://developers.weixin.qq.com/doc/service/guide/product/message/Passive_user_reply_message.html */
function replyOf(of: {
  openid: string
  account: string
  text: string
  at: number
  token: string
  cipher: PushCipher | null
}): string {
  const plain = writeXml({
    ToUserName: of.openid,
    FromUserName: of.account,
    CreateTime: Math.floor(of.at),
    MsgType: 'text',
    Content: of.text,
  })
  if (!of.cipher) return plain
  const encrypted = of.cipher.encrypt(plain)
  const timestamp = String(Math.floor(of.at))
  const nonce = String(Math.floor(Math.random() * 1e9))
  return writeXml({
    Encrypt: encrypted,
    MsgSignature: signatureOf(of.token, timestamp, nonce, encrypted),
    TimeStamp: Number(timestamp),
    Nonce: nonce,
  })
}
