import { parseXml, type XmlDocument, XmlDocumentType, XmlElement, XmlText } from '@rgrove/parse-xml'
import { refuse } from './refused.ts'

/** A real push has some 25, and the parser goes deep for each. What a person wrote is CDATA. */
const MOST_TAGS = 200
const CDATA = /<!\[CDATA\[[^]*?\]\]>/g

export type Fields = Readonly<Record<string, string>>

/**
 * The elements of a push, which has one level of them: `<xml><Event>…</Event>…</xml>`. All values are
 * text: WeChat's 64-bit ids are no numbers of JavaScript. An element with elements of its own, as other
 * events have it, counts as empty.
 *
 * @throws {PushRefused} for anything that is not that: a DOCTYPE, which is where entities come from, an
 *   element that is there twice, XML that is not well-formed
 */
export function readXml(text: string): Fields {
  const tags = text.replaceAll(CDATA, '').split('<', MOST_TAGS + 2).length - 1
  if (tags > MOST_TAGS) throw refuse('it has too many tags')
  const fields = new Map<string, string>()
  for (const node of rootOf(text).children) {
    if (!(node instanceof XmlElement)) continue
    if (fields.has(node.name)) throw refuse(`it has two elements ${node.name}`)
    const isText = node.children.every((child) => child instanceof XmlText)
    fields.set(node.name, isText ? node.text : '')
  }
  return Object.fromEntries(fields)
}

function rootOf(text: string): XmlElement {
  const { root, children } = parse(text)
  if (children.some((node) => node instanceof XmlDocumentType)) throw refuse('it has a DOCTYPE')
  if (root?.name !== 'xml') throw refuse('its root element is not xml')
  return root
}

function parse(text: string): XmlDocument {
  try {
    return parseXml(text, { preserveDocumentType: true })
  } catch {
    // The parser's error quotes the text.
    throw refuse('it is no well-formed XML')
  }
}

/** A flat document, as `readXml` reads it: numbers as they are, texts as CDATA. */
export function writeXml(fields: Readonly<Record<string, string | number>>): string {
  const elements = Object.entries(fields).map(
    ([name, value]) => `<${name}>${written(value)}</${name}>`,
  )
  return `<xml>${elements.join('')}</xml>`
}

const written = (value: string | number): string =>
  typeof value === 'number'
    ? String(value)
    : `<![CDATA[${value.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`
