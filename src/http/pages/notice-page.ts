import { both, escapeHtml } from '../../html.ts'
import { spaced, type Language, type Words } from '../../language.ts'
import type { Site } from '../site.ts'
import { pageDocument } from './document.ts'

export type Notice = {
  title: Words
  text: Words
  /** Where there is a way on. */
  link?: { href: string; text: Words } | null | undefined
  /** Markup below it. */
  more?: string
}

/** A page that says what has happened, and where to go from there. */
export function noticePage(site: Site, language: Language, notice: Notice): string {
  const { title, text, link, more = '' } = notice
  const way = link
    ? `<p><a href="${escapeHtml(link.href)}" rel="noreferrer">${words(link.text)}</a></p>`
    : ''
  return pageDocument({
    site,
    language,
    title,
    content: `<p>${words(text)}</p>
            ${way}${more}`,
  })
}

const words = ({ zh, en }: Words): string => both(escapeHtml(zh), escapeHtml(en))

/** The way back to an app; none where it has no address. */
export const wayBackTo = (
  client: { name: string; homeUrl: string | null } | null,
): Notice['link'] =>
  client?.homeUrl
    ? {
        href: client.homeUrl,
        text: { zh: spaced('返回', client.name), en: `Back to ${client.name}` },
      }
    : null
