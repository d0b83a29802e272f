import { escapeHtml } from '../../html.ts'

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

/** The API's document as one page to read: nothing to run, nothing to load but a stylesheet. */
export function apiPage(document: ApiDocument): string {
  const { title, version, description = '' } = document.info
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const sections = (document.tags ?? []).map(({ name, description: what = '' }) => {
    const own = operations.filter(({ operation }) => operation.tags?.includes(name))
    return `<h2 id="${escapeHtml(name)}">${escapeHtml(what)}</h2>${own.map(section).join('')}`
  })
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>${escapeHtml(title)} API</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/docs/style.css">
  </head>
  <body>
    <main>
      <h1>${escapeHtml(title)} API <small>${escapeHtml(version)}</small></h1>
      <p>${escapeHtml(description)} For programs: <a href="/openapi.json">openapi.json</a></p>
      ${sections.join('\n      ')}
    </main>
  </body>
</html>
`
}

function section({
  path,
  method,
  operation,
}: {
  path: string
  method: string
  operation: Operation
}): string {
  const { summary = '', parameters = [], requestBody, responses = {}, security } = operation
  const given = parameters.map((each) =>
    row(each.name, each.schema ?? {}, each.in, each.description),
  )
  const body = shapeOf(requestBody)
  const answers = Object.entries(responses).map(
    ([status, answer]) =>
      `<h4><code>${status}</code> ${escapeHtml(answer.description ?? '')}</h4>${
        Number(status) < 300 ? fields(shapeOf(answer)) : ''
      }`,
  )
  return `<details>
      <summary><code class="${method}">${method.toUpperCase()}</code> <code>${escapeHtml(path)}</code> ${escapeHtml(summary)}</summary>
      ${security ? '<p>With <code>Authorization: Bearer &lt;secret&gt;</code></p>' : ''}
      ${given.length > 0 ? `<h3>Parameters</h3>${table(given)}` : ''}
      ${body ? `<h3>Body</h3>${fields(body)}` : ''}
      <h3>Answers</h3>${answers.join('')}
    </details>`
}

const shapeOf = (content: Content | undefined): Shape | undefined =>
  content?.content?.['application/json']?.schema

function fields(shape: Shape | undefined): string {
  const rows = Object.entries(shape?.properties ?? {}).map(([name, each]) =>
    row(name, each, shape?.required?.includes(name) ? '' : 'optional', each.description),
  )
  return rows.length > 0 ? table(rows) : ''
}

const table = (rows: string[]): string => `<table>${rows.join('')}</table>`

const row = (name: string, shape: Shape, note: string, description = ''): string =>
  `<tr><th><code>${escapeHtml(name)}</code></th><td>${escapeHtml(typeOf(shape))}</td><td>${escapeHtml(note)}</td><td>${escapeHtml(description)}</td></tr>`

function typeOf({ type, enum: choices, anyOf, items, properties }: Shape): string {
  if (choices) return choices.map(String).join(' | ')
  if (anyOf) return anyOf.map(typeOf).join(' | ')
  if (items) return `list of ${typeOf(items)}`
  if (properties) return `{ ${Object.keys(properties).join(', ')} }`
  return [type ?? 'any'].flat().join(' | ')
}
