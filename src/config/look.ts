import { readFile, stat } from 'node:fs/promises'
import type { Logo, LogoType } from '../http/site.ts'
import type { Words } from '../language.ts'
import { messageOf, OperatorError, wordsOf } from '../operator-error.ts'
import { imageType } from '../wechat/image-type.ts'
import type { Settings } from './settings.ts'

/** How the service's own pages look. */
export type Look = {
  /** The path of a file; null: there is none. */
  logo: string | null
  /** `#rrggbb`; null: our own. */
  color: string | null
}

export const lookIn = ({ SITE_LOGO, SITE_COLOR }: Settings): Look => ({
  logo: SITE_LOGO ?? null,
  color: SITE_COLOR === undefined ? null : longColor(SITE_COLOR.replace('#', '').toLowerCase()),
})

const longColor = (digits: string): string =>
  `#${digits.length === 3 ? digits.replace(/./g, '$&$&') : digits}`

/** It is in memory, and loaded before anything else of a page: a logo of good size has a tenth of it. */
const MOST_BYTES = 65_536

/**
 * Reads the site's logo, and looks at what it is.
 *
 * @throws {OperatorError} where pages could not show it
 */
export async function readLogo(path: string): Promise<Logo> {
  const bytes = await bytesOf(path).catch((error: unknown) => {
    throw error instanceof OperatorError
      ? error
      : new OperatorError(unreadable(path, error), { cause: error })
  })
  const type = typeOf(bytes)
  if (type === null) throw new OperatorError(noImage(path))
  return { type, bytes }
}

/** What is wrong with the logo that the settings name; null: nothing. */
export async function problemOfLogo({ logo }: Look): Promise<Words | null> {
  try {
    if (logo !== null) await readLogo(logo)
    return null
  } catch (error) {
    return wordsOf(error)
  }
}

async function bytesOf(path: string): Promise<Buffer> {
  // A pipe has no end, and another file may have gigabytes.
  const found = await stat(path)
  if (!found.isFile()) throw new Error('it is no file')
  if (found.size > MOST_BYTES) throw new OperatorError(tooLarge(path, found.size))
  return readFile(path)
}

function typeOf(bytes: Buffer): LogoType | null {
  const known = imageType(bytes)
  if (known) return known
  if (bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP') {
    return 'image/webp'
  }
  return isSvg(bytes.toString('utf8')) ? 'image/svg+xml' : null
}

/** What may stand before the first tag: a mark, a declaration, comments, a DOCTYPE. */
const BEFORE = /^\uFEFF?(\s|<\?[^>]*\?>|<!--[^]*?-->|<!DOCTYPE[^>[]*(\[[^\]]*\]\s*)?>)*/i

/** Without its namespace a browser takes it for any XML, and shows nothing. */
const isSvg = (text: string): boolean =>
  /^<svg\s[^>]*xmlns\s*=\s*["']http:\/\/www\.w3\.org\/2000\/svg["']/.test(text.replace(BEFORE, ''))

function unreadable(path: string, error: unknown): Words {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') {
    return {
      en: `SITE_LOGO: there is no file ${path}. A path that begins with no / is looked up from the folder that ScenePass is started in.`,
      zh: `SITE_LOGO：没有文件 ${path}。不以 / 开头的路径从 ScenePass 的启动文件夹算起。`,
    }
  }
  const why = code ?? messageOf(error)
  return {
    en: `SITE_LOGO: ${path} cannot be read (${why}). It must be a file that the account of ScenePass may read.`,
    zh: `SITE_LOGO：无法读取 ${path}（${why}）。它应是运行 ScenePass 的账户能读取的文件。`,
  }
}

const tooLarge = (path: string, size: number): Words => ({
  en: `SITE_LOGO: ${path} has ${size} bytes, and may have ${MOST_BYTES} (64 KiB). Make it smaller: an SVG, or a PNG of 180 pixels, has a tenth of that.`,
  zh: `SITE_LOGO：${path} 有 ${size} 字节，最多 ${MOST_BYTES} 字节（64 KiB）。请缩小图片：SVG 或 180 像素的 PNG 通常只有它的十分之一。`,
})

const noImage = (path: string): Words => ({
  en: `SITE_LOGO: ${path} is no PNG, SVG, JPEG or WebP: its content decides, whatever its name says. An SVG begins with <svg xmlns="http://www.w3.org/2000/svg" …>.`,
  zh: `SITE_LOGO：${path} 不是 PNG、SVG、JPEG 或 WebP 图片（看内容，不看文件名）。SVG 须以 <svg xmlns="http://www.w3.org/2000/svg" …> 开头。`,
})
