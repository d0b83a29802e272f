import { escapeHtml, htmlDocument } from '../../html.ts'
import type { Language } from '../../language.ts'
import { inChinese } from './api-words.ts'

/** As much of an OpenAPI document as the page shows. */
type Shape = {
  type?: string | string[]
  enum?: unknown[]
  anyOf?: Shape[]
  items?: Shape
  properties?: Record<string, Shape>
  required?: string[]
  description?: string
}
type Content = { content?: Record<string, { schema?: Shape }> }
type Operation = {
  tags?: string[]
  summary?: string
  security?: unknown[]
  parameters?: { name: string; in: string; description?: string; schema?: Shape }[]
  requestBody?: Content
  responses?: Record<string, Content & { description?: string }>
}
export type ApiDocument = {
  info: { title: string; version: string; description?: string }
  tags?: { name: string; description?: string }[]
  paths?: Record<string, Record<string, Operation>>
}

type Say = (text: string) => string

/**
 * The API's document as one page to read: nothing to run, nothing to load but a stylesheet.
 *
 * @param logo the media type of the site's logo; null: there is none
 */
export function apiPage(document: ApiDocument, language: Language, logo: string | null): string {
  const say: Say = (text) => escapeHtml((language === 'zh' ? inChinese(text) : undefined) ?? text)
  const { title, version, description = '' } = document.info
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const sections = (document.tags ?? []).map(({ name, description: what = '' }) => {
    const own = operations.filter(({ operation }) => operation.tags?.includes(name))
    const listed = own.map((each) => section(each, say)).join('')
    return `<h2 id="${escapeHtml(name)}">${say(what)}</h2>${listed}`
  })
  const other = language === 'zh' ? ['en', 'English'] : ['zh-CN', '中文']
  return htmlDocument({
    language,
    title: `${title} API`,
    logo,
    head: '<link rel="stylesheet" href="/docs/style.css">',
    body: `<main>
      <p class="language"><a href="/docs?lang=${other[0]}" lang="${other[0]}" hreflang="${other[0]}">${other[1]}</a></p>
      <h1>${escapeHtml(title)} API <small>${escapeHtml(version)}</small></h1>
      <p>${say(description)} ${say('For programs:')} <a href="/openapi.json">openapi.json</a></p>
      ${sections.join('\n      ')}
    </main>`,
  })
}

function section(
  { path, method, operation }: { path: string; method: string; operation: Operation },
  say: Say,
): string {
  const { summary = '', parameters = [], requestBody, responses = {}, security } = operation
  const given = parameters.map((each) =>
    row(each.name, each.schema ?? {}, each.in, each.description, say),
  )
  const body = shapeOf(requestBody)
  const answers = Object.entries(responses).map(
    ([status, answer]) =>
      `<h4><code>${status}</code> ${say(answer.description ?? '')}</h4>${
        Number(status) < 300 ? fields(shapeOf(answer), say) : ''
      }`,
  )
  return `<details>
      <summary><code class="${method}">${method.toUpperCase()}</code> <code>${escapeHtml(path)}</code> ${say(summary)}</summary>
      ${security ? `<p>${say('With Authorization: Bearer <secret>')}</p>` : ''}
      ${given.length > 0 ? `<h3>${say('Parameters')}</h3>${table(given)}` : ''}
      ${body ? `<h3>${say('Body')}</h3>${fields(body, say)}` : ''}
      <h3>${say('Answers')}</h3>${answers.join('')}
    </details>`
}

const shapeOf = (content: Content | undefined): Shape | undefined =>
  content?.content?.['application/json']?.schema

function fields(shape: Shape | undefined, say: Say): string {
  const rows = Object.entries(shape?.properties ?? {}).map(([name, each]) =>
    row(name, each, shape?.required?.includes(name) ? '' : 'optional', each.description, say),
  )
  return rows.length > 0 ? table(rows) : ''
}

const table = (rows: string[]): string => `<table>${rows.join('')}</table>`

const row = (name: string, shape: Shape, note: string, description = '', say: Say): string =>
  `<tr><th><code>${escapeHtml(name)}</code></th><td>${typeOf(shape, say)}</td><td>${say(note)}</td><td>${say(description)}</td></tr>`

/** Ready to be written into the page. */
function typeOf({ type, enum: choices, anyOf, items, properties }: Shape, say: Say): string {
  if (choices) return escapeHtml(choices.map(String).join(' | '))
  if (anyOf) return anyOf.map((each) => typeOf(each, say)).join(' | ')
  if (items) return `${say('list of')} ${typeOf(items, say)}`
  if (properties) return escapeHtml(`{ ${Object.keys(properties).join(', ')} }`)
  return escapeHtml([type ?? 'any'].flat().join(' | '))
}
