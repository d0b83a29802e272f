import { box, make } from '../../confirm-page/draw.ts'
import type { Line } from './memory.ts'
import type { ChatTexts } from './texts.ts'

/** WeChat shows links of this form alone, and everything else as it is written. */
const LINK = /<a href="(https?:\/\/[^"\s]+)">([^<]*)<\/a>/g

export function drawLines(lines: readonly Line[], words: ChatTexts): HTMLElement {
  const log = box('lines', ...lines.map((line) => drawLine(line, words)))
  log.setAttribute('role', 'log')
  return log
}

function drawLine({ kind, text }: Line, words: ChatTexts): HTMLElement {
  if (kind !== 'reply') return make('p', words[kind], kind === 'fault' ? 'note fault' : 'note')
  const bubble = make('p', '', 'bubble')
  let end = 0
  for (const found of text.matchAll(LINK)) {
    const [whole, address = '', name = ''] = found
    bubble.append(text.slice(end, found.index), link(address, name))
    end = found.index + whole.length
  }
  bubble.append(text.slice(end))
  return bubble
}

function link(address: string, name: string): HTMLAnchorElement {
  const element = document.createElement('a')
  const { pathname, hash } = new URL(address)
  // Beside the demo's page a frame shows that page's own origin alone, and the service is there too.
  element.href = window === window.parent ? address : pathname + hash
  element.textContent = name
  return element
}
