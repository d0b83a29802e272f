import { both, escapeHtml } from '../../html.ts'
import type { Language } from '../../language.ts'
import type { AskingDevice } from '../../oidc/find-device.ts'
import type { Site } from '../site.ts'
import { pageDocument } from './document.ts'
import type { Notice } from './notice-page.ts'

/** Where a person types what a device has on its screen. Works without JavaScript. */
export function typeCodePage(options: {
  site: Site
  language: Language
  /** What was typed in vain; null: nothing yet. */
  typed: string | null
}): string {
  return pageDocument({
    site: options.site,
    language: options.language,
    title: { zh: '连接设备', en: 'Connect a device' },
    description: {
      zh: '输入设备上显示的代码，用微信扫码登录。',
      en: 'Enter the code that your device shows, and sign in with WeChat.',
    },
    content: codeForm(options.typed),
  })
}

export function codeForm(typed: string | null): string {
  const wrong =
    typed === null
      ? ''
      : `<p id="wrong" role="alert">${both(
          '没有设备在等待这个代码。请对照设备屏幕检查；代码只在几分钟内有效。',
          'No device is waiting with this code. Compare it with the device’s screen; a code lives for a few minutes.',
        )}</p>`
  const state = typed === null ? '' : ' aria-invalid="true" aria-describedby="wrong"'
  return `<form class="code" action="/d">
              <label for="user-code">${both('请输入设备上显示的代码', 'Enter the code that your device shows')}</label>
              <input id="user-code" name="user_code" value="${escapeHtml(typed ?? '')}" placeholder="XXXX-XXXX" maxlength="40" required autofocus autocomplete="off" autocapitalize="characters" spellcheck="false"${state}>
              ${wrong}
              <button type="submit" class="primary">${both('继续', 'Continue')}</button>
            </form>`
}

/** What is known of a device, above the code that signs it in. */
export function aboutDevice(userCode: string, device: AskingDevice): string {
  const { ip, country, browser, os } = device.requester
  const minutes = Math.floor(device.requestedAgo / 60)
  const when =
    minutes === 0 ? both('刚刚', 'just now') : both(`${minutes} 分钟前`, minutesAgo(minutes))
  const from = [ip, country].filter((part) => part !== null).join(' · ')
  const what = [browser, os].filter((part) => part !== null).join(' · ')
  const rows = [
    [both('设备地址', 'Its address'), escapeHtml(from)],
    [both('设备系统', 'Its system'), escapeHtml(what)],
    [both('请求时间', 'Asked'), when],
  ].filter(([, value]) => value !== '')
  return `<p class="user-code">${escapeHtml(userCode)}</p>
            <p>${both(
              '请核对：您的设备屏幕上是这个代码吗？如果不是，或者不是您本人的操作，请关闭本页。',
              'Is this the code on your device’s screen? If it is not, or you did not ask for it, close this page.',
            )}</p>
            <dl class="facts">${rows.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('')}</dl>`
}

const minutesAgo = (minutes: number): string =>
  minutes === 1 ? '1 minute ago' : `${minutes} minutes ago`

/** A device that waits for nothing any more. */
export const DEVICE_NOTICES: Record<Exclude<AskingDevice['state'], 'waiting'>, Notice> = {
  approved: {
    title: { zh: '设备已登录', en: 'The device is signed in' },
    text: { zh: '请回到您的设备。', en: 'Go back to your device.' },
  },
  declined: {
    title: { zh: '已拒绝登录', en: 'Declined' },
    text: {
      zh: '设备没有登录。如需登录，请在设备上重新开始。',
      en: 'The device is not signed in. To sign it in, start again on the device.',
    },
  },
  expired: {
    title: { zh: '代码已过期', en: 'The code has expired' },
    text: {
      zh: '请在设备上获取新的代码，然后在此输入。',
      en: 'Get a new code on the device and enter it here.',
    },
    more: codeForm(null),
  },
}
