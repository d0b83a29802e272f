import type { Answer } from './ask.ts'
import { failed, ok, warning, type Finding } from './finding.ts'
import { unreachable } from './unreachable.ts'

const DAY_MS = 86_400_000
/** Automatic renewal comes a month before the end. */
const SOON_DAYS = 14

/**
 * Do browsers and phones get an answer there at all?
 *
 * @param options.realPhones whether WeChat's own phones are to come
 * @param options.now ms since 1970
 */
export async function checkPublicUrl(
  options: { url: string; production: boolean; realPhones: boolean; now: () => number },
  answer: () => Promise<Answer>,
): Promise<Finding> {
  const { url, production, realPhones, now } = options
  const https = url.startsWith('https:')
  if (production && !https) {
    return failed(
      { en: `PUBLIC_URL is not https: ${url}.`, zh: `PUBLIC_URL 不是 https：${url}。` },
      {
        en: 'Put a proxy with a certificate in front (docs/operate.md has one for nginx) and set PUBLIC_URL=https://…: phones of WeChat call nothing else, and login tokens would travel in the open.',
        zh: '请在前面加一个带证书的代理（docs/operate.zh-CN.md 中有 nginx 配置），并设 PUBLIC_URL=https://…：真机上的微信只允许 https，而且明文传输会泄露登录令牌。',
      },
    )
  }
  if (url.endsWith(':0')) {
    return failed(
      {
        en: 'The address of the service is not known: PORT=0 takes any free port, and PUBLIC_URL is not set.',
        zh: '无法得知服务的地址：PORT=0 会随机选用端口，而 PUBLIC_URL 尚未设置。',
      },
      {
        en: 'Set PUBLIC_URL, or PORT to a number.',
        zh: '请设置 PUBLIC_URL，或给 PORT 指定端口号。',
      },
    )
  }
  let certificateEnds: number | null
  try {
    certificateEnds = (await answer()).certificateEnds
  } catch (error) {
    const { says, fix } = unreachable(url, error)
    return failed(says, {
      en: `${fix.en} Is the service not running yet? Start it ("npx scenepass"), then check again.`,
      zh: `${fix.zh}若服务尚未启动，请先启动（"npx scenepass"）再检查。`,
    })
  }
  const days = certificateEnds === null ? null : Math.floor((certificateEnds - now()) / DAY_MS)
  if (days !== null && days < SOON_DAYS) {
    return warning(
      {
        en: `The certificate of ${url} ends in ${days} days.`,
        zh: `${url} 的证书将在 ${days} 天后到期。`,
      },
      {
        en: 'Renew it and reload the proxy. If that is automatic, look why it has not happened yet.',
        zh: '请续期并让代理重新加载证书。若已设置自动续期，请查明为何尚未续期。',
      },
    )
  }
  if (realPhones && !https) {
    return warning(
      {
        en: `${url} answers, but it is not https: a mini program on a real phone may not call it.`,
        zh: `${url} 有应答，但不是 https：真机上的小程序无法访问。`,
      },
      {
        en: "Only WeChat's developer tool may, with “不校验合法域名” ticked. For phones set PUBLIC_URL to an https address.",
        zh: '只有微信开发者工具勾选“不校验合法域名”后才能访问。要在真机上使用，请把 PUBLIC_URL 设为 https 地址。',
      },
    )
  }
  return ok({
    en: `${url} answers${days === null ? '' : `; its certificate is good for another ${days} days`}.`,
    zh: `${url} 有应答${days === null ? '' : `，证书 ${days} 天后到期`}。`,
  })
}
