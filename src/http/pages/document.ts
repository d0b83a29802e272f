import { both, escapeHtml, htmlDocument, isRaster, type Preview } from '../../html.ts'
import type { Language, Words } from '../../language.ts'
import type { Site } from '../site.ts'

/** Markup for places around the page's own, written into the document as it is. */
export type PageExtras = {
  /** Of the body, for the stylesheets of `head`. */
  bodyClass: string
  /** Stylesheets and scripts; the scripts run before the page's own. */
  head: string
  above: string
  beside: string
  below: string
  /** What it needs beyond the page's policy. */
  allow: Record<string, string[]>
}

export type PageDocument = {
  /** Whose page it is, above everything. */
  site: Site
  language: Language
  title: Words
  /** What the title names: the tab of a sign-in that has come to something names it, too. */
  name?: string
  /** What the page is for, to whom a link to it is shown. */
  description?: Words
  /** Scripts of this page alone; they run before the element's, so that they miss none of its events. */
  scripts?: readonly string[]
  /** Markup below the title. */
  content: string
  extras?: PageExtras | null
}

/**
 * One of our pages with a card on it: a document with nothing inline, for a strict policy. Every
 * sentence is there in both languages; the stylesheet shows the one of `<html lang>`.
 */
export function pageDocument(page: PageDocument): string {
  const { site, language, title, name = '', description, scripts = [], extras = null } = page
  return htmlDocument({
    language,
    title: title[language],
    logo: site.logo?.type ?? null,
    ...(description && { preview: previewOf(site, description[language]) }),
    bodyClass: extras?.bodyClass ?? '',
    head: `<link rel="stylesheet" href="/page.css">
    ${extras?.head ?? ''}
    ${['/page.js', ...scripts].map((src) => `<script type="module" src="${src}"></script>`).join('\n    ')}`,
    body: `<header class="bar">
      ${siteMark(site)}
      <button id="language" type="button">
        <span class="zh" lang="en">English</span><span class="en" lang="zh-CN">中文</span>
      </button>
    </header>
    <main>
      ${extras?.above ?? ''}
      <div class="stage">
        <div class="page">
          <section class="card" aria-labelledby="title">
            <h1 id="title" tabindex="-1" data-name="${escapeHtml(name)}">${both(naming(title.zh, name), naming(title.en, name))}</h1>
            ${page.content}
          </section>
        </div>
        ${extras?.beside ?? ''}
      </div>
      ${extras?.below ?? ''}
    </main>`,
  })
}

/** The site's name, with its logo where it has one, which says nothing more. */
export const siteMark = ({ name, logo }: Site): string =>
  `<p class="site">${logo ? '<img class="logo" src="/logo" alt="">' : ''}<span class="name">${escapeHtml(name)}</span></p>`

/** A title with the name in it marked, so that it is broken where a name may be. */
const naming = (title: string, name: string): string =>
  name === ''
    ? escapeHtml(title)
    : title
        .split(name)
        .map(escapeHtml)
        .join(`<span class="name">${escapeHtml(name)}</span>`)

const previewOf = ({ name, publicUrl, logo }: Site, description: string): Preview => ({
  site: name,
  description,
  image: logo && isRaster(logo.type) ? `${publicUrl}/logo` : null,
})

export const NEEDS_SCRIPT = `<noscript><p>${both('此页面需要 JavaScript。', 'This page needs JavaScript.')}</p></noscript>`
