import type { Language } from './language.ts'

/** Both languages of a sentence; the stylesheet shows one. Takes markup: escape data before. */
export const both = (zh: string, en: string): string =>
  `<span class="zh" lang="zh-CN">${zh}</span><span class="en" lang="en">${en}</span>`

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => entities[character] ?? '')

export type HtmlDocument = {
  language: Language
  title: string
  /** The media type of the site's logo, which is the icon then; by default the icon is ours. */
  logo?: string | null
  /** Whether it reaches under the notch of a phone, and keeps out of its way by itself. */
  cover?: boolean
  /** What a chat shows of a link to it; by default nothing. */
  preview?: Preview
  /** Markup of its own: stylesheets, scripts. */
  head: string
  bodyClass?: string
  /** Markup. */
  body: string
}

export type Preview = {
  /** Whose page it is. */
  site: string
  /** What it is for, in a sentence. */
  description: string
  /** An absolute address; none where the picture is none that chats show. */
  image: string | null
}

/** The grounds of our stylesheets: the bars of a phone's browser are of one piece with the page. */
export const GROUNDS = { light: '#f1f4f2', dark: '#101311' } as const

const logoIcons = (type: string): string[] => [
  `<link rel="icon" href="/logo" type="${type}">`,
  // Telephones take no SVG for their home screens.
  ...(isRaster(type) ? ['<link rel="apple-touch-icon" href="/logo">'] : []),
]
/** Whether phones and chats show it, too. */
export const isRaster = (type: string): boolean => type !== 'image/svg+xml'

/** Safari before 26 shows no SVG in a tab. */
const OUR_ICONS = [
  '<link rel="icon" href="/favicon.ico" sizes="32x32">',
  '<link rel="icon" href="/icon.svg" type="image/svg+xml">',
  '<link rel="apple-touch-icon" href="/apple-touch-icon.png">',
]

const meta = (name: string, content: string): string =>
  `<meta name="${name}" content="${escapeHtml(content)}">`

const property = (name: string, content: string): string =>
  `<meta property="og:${name}" content="${escapeHtml(content)}">`

const previewOf = (title: string, { site, description, image }: Preview): string[] => [
  meta('description', description),
  property('type', 'website'),
  property('site_name', site),
  property('title', title),
  property('description', description),
  ...(image === null ? [] : [property('image', image)]),
]

/** Every page that we answer with: what browsers, phones and chats have to know of it. */
export function htmlDocument(page: HtmlDocument): string {
  const { language, title, logo = null, preview, bodyClass = '' } = page
  const head = [
    '<meta charset="utf-8">',
    meta(
      'viewport',
      `width=device-width, initial-scale=1${page.cover ? ', viewport-fit=cover' : ''}`,
    ),
    meta('color-scheme', 'light dark'),
    `<meta name="theme-color" media="(prefers-color-scheme: light)" content="${GROUNDS.light}">`,
    `<meta name="theme-color" media="(prefers-color-scheme: dark)" content="${GROUNDS.dark}">`,
    meta('robots', 'noindex'),
    `<title>${escapeHtml(title)}</title>`,
    ...(preview ? previewOf(title, preview) : []),
    ...(logo === null ? OUR_ICONS : logoIcons(logo)),
    page.head,
  ]
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}">
  <head>
    ${head.join('\n    ')}
  </head>
  <body${bodyClass === '' ? '' : ` class="${bodyClass}"`}>
    ${page.body}
  </body>
</html>
`
}
