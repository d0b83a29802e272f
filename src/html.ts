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
