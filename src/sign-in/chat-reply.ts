import type { Words } from '../language.ts'
import type { Requester } from '../tickets/ticket.ts'
import type { PushedScan } from './pushed-scan.ts'

/** WeChat cuts off a reply, or shows none, beyond this. */
const MOST_BYTES = 2_048
/** A site has no longer name. Five values of this length, of 4 bytes each, and a link stay below the bound. */
const MOST_VALUE = 64

/** Control characters, marks that turn text round or hide in it, and what WeChat reads as markup. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}<>&]/gu

/** A value that came from outside, as it may stand in the chat. */
export const plain = (value: string): string =>
  [...value.replace(UNSAFE, '')].slice(0, MOST_VALUE).join('').trim()

const outcomes: Record<Exclude<PushedScan['outcome'], 'scanned'> | 'busy', Words> = {
  expired: {
    zh: '此二维码已过期，请刷新网页后重新扫描。',
    en: 'This code has expired. Refresh the page and scan the new one.',
  },
  taken: {
    zh: '此二维码已被他人扫描，请刷新网页后重新扫描。',
    en: 'Another person scanned this code first. Refresh the page and scan the new one.',
  },
  confirmed: {
    zh: '已确认登录，请回到网页继续。',
    en: 'You have confirmed this sign-in. Go back to the page.',
  },
  consumed: {
    zh: '已登录，请回到网页继续。',
    en: 'You are signed in. Go back to the page.',
  },
  denied: {
    zh: '本次登录已被拒绝。如需登录，请刷新网页后重新扫描。',
    en: 'This sign-in was declined. To sign in, refresh the page and scan the new code.',
  },
  canceled: {
    zh: '网页已取消本次登录。如需登录，请刷新网页后重新扫描。',
    en: 'The page has given this sign-in up. To sign in, refresh it and scan the new code.',
  },
  busy: {
    zh: '服务繁忙，请稍后重新扫描二维码。',
    en: 'The service is busy. Please scan the code again in a moment.',
  },
}

export const outcomeText = (outcome: keyof typeof outcomes): string =>
  `${outcomes[outcome].zh}\n${outcomes[outcome].en}`

/**
 * The question in the chat: who asks, from where, when, and the link to the page that decides. The
 * person's language is not known here, so the words are few and in both.
 *
 * @param question.site what the person signs in to
 * @param question.device whether a device asks; its user code is for the page that decides
 * @param question.link to the confirm page, with its proof
 */
export function questionText(question: {
  site: string
  device: boolean
  requestedBy: Requester & { at: string }
  link: string
}): string {
  const { site, device, requestedBy, link } = question
  const { browser, os, ip, country, at } = requestedBy
  const known = (...values: (string | null)[]): string =>
    values
      .filter((value) => value !== null)
      .map(plain)
      .filter((value) => value !== '')
      .join(' · ') || '未知 unknown'
  const text = [
    device
      ? `在设备上登录“${plain(site)}”？ Sign in on a device?`
      : `登录“${plain(site)}”？ Sign in?`,
    known(browser, os),
    known(ip, country),
    `${beijing(at)}（北京时间）`,
    '请确认网页是您本人打开的；别人发来的码请勿确认。Only confirm a sign-in that you began yourself.',
    `<a href="${link}">查看并确认 · Review and confirm</a>`,
  ].join('\n')
  if (Buffer.byteLength(text) > MOST_BYTES) throw new RangeError('the reply is too long for WeChat')
  return text
}

/** `2026-11-22 18:00`; Beijing has had no summer time since 1991. */
const beijing = (at: string): string =>
  new Date(Date.parse(at) + 8 * 3_600_000).toISOString().slice(0, 16).replace('T', ' ')
