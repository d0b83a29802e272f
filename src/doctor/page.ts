import type { Words } from '../language.ts'
import type { MiniProgramSettings } from '../wechat/errcodes/entry.ts'
import { errcodeOf } from '../wechat/failures.ts'
import type { MiniProgram } from '../wechat/mini-program.ts'
import { failed, ok, warning, type Finding } from './finding.ts'
import { imageSize } from './image.ts'
import { trouble } from './trouble.ts'

type Variant = Pick<MiniProgramSettings, 'envVersion' | 'checkPath'>

/** WeChat looks a page up in the published version alone; for the others it must not be asked to. */
const variants: readonly Variant[] = [
  { envVersion: 'release', checkPath: true },
  { envVersion: 'trial', checkPath: false },
  { envVersion: 'develop', checkPath: false },
]
const asSettings = ({ envVersion, checkPath }: Variant): string =>
  `WECHAT_ENV_VERSION=${envVersion} WECHAT_CHECK_PATH=${checkPath}`

/**
 * Does WeChat make a code for the page, as the service would ask for it, and does the code lead
 * somewhere?
 *
 * @param makeCode the mini program's, with these of its settings changed
 */
export async function checkPage(
  settings: MiniProgramSettings,
  makeCode: (variant: Variant) => ReturnType<MiniProgram['codeImage']>,
): Promise<Finding> {
  const what = { en: 'There is no code', zh: '没有得到小程序码' }
  const calls = { api: 'getwxacodeunlimit' as const, what, settings }
  const { page, envVersion, checkPath } = settings
  let bytes: Buffer
  try {
    bytes = (await makeCode({ envVersion, checkPath })).bytes
  } catch (error) {
    const finding = trouble(calls, error)
    return errcodeOf(error) === 41030 ? withPossible(finding, await possible(makeCode)) : finding
  }
  const size = imageSize(bytes)
  if (size === null) {
    return failed(
      {
        en: `A code came back, but its ${bytes.length} bytes are not a whole image.`,
        zh: `得到了小程序码，但这 ${bytes.length} 字节不是完整的图片。`,
      },
      {
        en: 'Something on the way cuts answers off or changes them: check WECHAT_API_BASE and every proxy on the way there.',
        zh: '途中有程序截断或改动了应答：请检查 WECHAT_API_BASE 以及途中的每一个代理。',
      },
    )
  }
  if (envVersion !== 'release') return forFewOnly(envVersion)
  if (!checkPath) {
    const published = await makes(makeCode, { envVersion: 'release', checkPath: true })
    if (errcodeOf(published) === 41030) return notPublished(page)
    if (published !== true) return trouble(calls, published)
    return toldNotToLook(page)
  }
  return ok({
    en: `The published version has the page "${page}", and its code is a whole image (${size}).`,
    zh: `已发布的版本中有页面 "${page}"，小程序码图片完整（${size}）。`,
  })
}

/** True, or why not. */
async function makes(makeCode: Parameters<typeof checkPage>[1], variant: Variant) {
  try {
    await makeCode(variant)
    return true
  } catch (error) {
    return error
  }
}

async function possible(makeCode: Parameters<typeof checkPage>[1]): Promise<Variant[]> {
  const found = await Promise.all(variants.map((variant) => makes(makeCode, variant)))
  return variants.filter((_, index) => found[index] === true)
}

function withPossible(finding: Finding, variants: readonly Variant[]): Finding {
  const list = variants.map(asSettings)
  const more: Words =
    list.length > 0
      ? {
          en: ` WeChat does make codes with: ${list.join('; ')}. In trial and develop it does not look whether the page is there.`,
          zh: `以下设置可以生成小程序码：${list.join('；')}。对 trial 和 develop，微信不检查页面是否存在。`,
        }
      : {
          en: ' Neither release nor trial nor develop has it: check WECHAT_PAGE against app.json.',
          zh: 'release、trial、develop 均不可用：请对照 app.json 检查 WECHAT_PAGE。',
        }
  const { en, zh } = finding.says
  return { ...finding, says: { en: en + more.en, zh: zh + more.zh } }
}

const notPublished = (page: string): Finding =>
  failed(
    {
      en: `WeChat makes codes, but the published version has no page "${page}": a visitor who scans one sees an error.`,
      zh: `可以生成小程序码，但已发布的版本中没有页面 "${page}"：扫码的人会看到页面错误。`,
    },
    {
      en: 'Publish a version that has it (mp.weixin.qq.com → 版本管理). To try it before: WECHAT_ENV_VERSION=trial.',
      zh: '请发布含有该页面的版本（mp.weixin.qq.com → 版本管理）。发布前试用可设 WECHAT_ENV_VERSION=trial。',
    },
  )

const toldNotToLook = (page: string): Finding =>
  warning(
    {
      en: `The published version has the page "${page}", but WeChat is told not to look.`,
      zh: `已发布的版本中有页面 "${page}"，但当前设置让微信不做检查。`,
    },
    {
      en: 'Set WECHAT_CHECK_PATH=true, or the day the page is renamed only your visitors notice.',
      zh: '请设 WECHAT_CHECK_PATH=true，否则日后页面改名时，只有访客会发现出错。',
    },
  )

const forFewOnly = (envVersion: 'trial' | 'develop'): Finding => {
  const [en, zh] =
    envVersion === 'trial'
      ? ['members of the trial (体验成员)', '体验成员']
      : ['developers of the mini program', '小程序的开发者']
  return warning(
    {
      en: `WeChat makes codes, but with WECHAT_ENV_VERSION=${envVersion} only ${en} can open them, and WeChat does not look whether the page is in that version.`,
      zh: `可以生成小程序码，但 WECHAT_ENV_VERSION=${envVersion} 时只有${zh}能打开，且微信不检查该版本中是否有此页面。`,
    },
    {
      en: 'Scan one to see. Once the page is published: WECHAT_ENV_VERSION=release, WECHAT_CHECK_PATH=true.',
      zh: '请扫一个试试。页面发布后改为 WECHAT_ENV_VERSION=release、WECHAT_CHECK_PATH=true。',
    },
  )
}
