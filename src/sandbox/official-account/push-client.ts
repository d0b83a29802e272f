import { Agent, request } from 'undici'
import { createPushCipher, signatureOf } from '../../wechat/push/crypto.ts'
import { NOTHING_TO_SAY, pushRequest } from '../../wechat/push/request.ts'
import { readXml, writeXml } from '../../wechat/push/xml.ts'

/** What a person sees where the account's server does not answer as WeChat wants it. */
export const FAULT = '该公众号提供的服务出现故障，请稍后再试'

const TRIES = 3
const TIMEOUT_MS = 5_000
const MOST_BYTES = 64 * 1024
const ACCOUNT = 'gh_5a4db0c50000'

export type PushMode = 'secure' | 'plain'

/**
 * Pushes events to the one address that the account has in the console, three times at most, and reads
 * what the person is told.
 */
export function createPushClient(options: {
  /** With the path. */
  url: string
  appid: string
  token: string
  aesKey: string
  now: () => number
}) {
  const { url, appid, token, aesKey, now } = options
  const cipher = createPushCipher({ appid, aesKey })
  const dispatcher = new Agent({ maxResponseSize: MOST_BYTES })

  function textIn(body: string, mode: PushMode): string {
    if (body === '' || body === NOTHING_TO_SAY) return ''
    if (mode === 'plain') return readXml(body)['Content'] ?? FAULT
    const { Encrypt = '', MsgSignature, TimeStamp = '', Nonce = '' } = readXml(body)
    if (MsgSignature !== signatureOf(token, TimeStamp, Nonce, Encrypt)) return FAULT
    return readXml(cipher.decrypt(Encrypt))['Content'] ?? FAULT
  }

  async function send(xml: string, mode: PushMode): Promise<string> {
    const by = {
      token,
      cipher: mode === 'plain' ? null : cipher,
      account: ACCOUNT,
      at: now() / 1_000,
    }
    const { query, body } = pushRequest(by, xml)
    const answer = await request(`${url}?${query}`, {
      method: 'POST',
      headers: { 'content-type': 'text/xml' },
      body,
      dispatcher,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const text = await answer.body.text()
    if (answer.statusCode !== 200) throw new Error(`HTTP ${answer.statusCode}`)
    return textIn(text, mode)
  }

  return {
    /** @returns what the person reads in the chat; empty where they are told nothing */
    async event(
      openid: string,
      fields: { Event: string; EventKey: string },
      mode: PushMode = 'secure',
    ): Promise<string> {
      const xml = writeXml({
        ToUserName: ACCOUNT,
        FromUserName: openid,
        CreateTime: Math.floor(now() / 1_000),
        MsgType: 'event',
        ...fields,
      })
      for (let attempt = 0; attempt < TRIES; attempt++) {
        try {
          return await send(xml, mode)
        } catch {
          // WeChat asks again, and in the end tells the person.
        }
      }
      return FAULT
    },
    close: () => dispatcher.close(),
  }
}
