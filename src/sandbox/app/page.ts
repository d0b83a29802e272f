/** Parts of the example app's page. */
export const find = <T extends HTMLElement>(id: string): T => {
  const found = document.getElementById(id)
  if (!found) throw new TypeError(`the page has no #${id}`)
  return found as T
}

export const setting = (name: string): string =>
  document.querySelector<HTMLMetaElement>(`meta[name=${name}]`)?.content ?? ''

/** Both languages; the stylesheet shows one. */
export function say(element: HTMLElement, zh: string, en: string): void {
  element.replaceChildren()
  for (const [name, lang, text] of [
    ['zh', 'zh-CN', zh],
    ['en', 'en', en],
  ] as const) {
    const span = document.createElement('span')
    span.className = name
    span.lang = lang
    span.textContent = text
    element.append(span)
  }
  element.hidden = false
}

export function listIn(list: HTMLElement, values: Record<string, unknown>): void {
  list.replaceChildren()
  for (const [name, value] of Object.entries(values)) {
    const term = document.createElement('dt')
    const description = document.createElement('dd')
    term.textContent = name
    description.textContent = typeof value === 'string' ? value : JSON.stringify(value)
    list.append(term, description)
  }
}
