import { both, escapeHtml } from '../../html.ts'
import type { Language, Words } from '../../language.ts'

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
  site: string
  language: Language
  title: Words
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
  const { language, title, scripts = [], extras = null } = page
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>${escapeHtml(title[language])}</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/page.css">
    ${extras?.head ?? ''}
    ${['/page.js', ...scripts].map((src) => `<script type="module" src="${src}"></script>`).join('\n    ')}
  </head>
  <body${extras ? ` class="${extras.bodyClass}"` : ''}>
    <header class="bar">
      <p class="site">${escapeHtml(page.site)}</p>
      <button id="language" type="button">
        <span class="zh" lang="en">English</span><span class="en" lang="zh-CN">中文</span>
      </button>
    </header>
    <main>
      ${extras?.above ?? ''}
      <div class="stage">
        <div class="page">
          <section class="card" aria-labelledby="title">
            <h1 id="title" tabindex="-1">${both(escapeHtml(title.zh), escapeHtml(title.en))}</h1>
            ${page.content}
          </section>
        </div>
        ${extras?.beside ?? ''}
      </div>
      ${extras?.below ?? ''}
    </main>
  </body>
</html>
`
}

export const NEEDS_SCRIPT = `<noscript><p>${both('此页面需要 JavaScript。', 'This page needs JavaScript.')}</p></noscript>`
