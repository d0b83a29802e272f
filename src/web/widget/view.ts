import type { SignInChannel, SignInStatus } from '../client.ts'
import { pictures } from './pictures.ts'
import type { ScenePassState } from './state.ts'
import { STYLE } from './style.ts'
import { wordsOf } from './words.ts'

/** Everything that the screen depends on. */
export type Seen = {
  state: ScenePassState
  language: string
  channel: SignInChannel | undefined
  /** Inside WeChat on a phone, where the code is pressed and not scanned. */
  press: boolean
  /** Why, where it failed. */
  code: string | null
  ticket: SignInStatus['ticket']
}

const SVG = 'http://www.w3.org/2000/svg'

const tones: Partial<Record<ScenePassState, string>> = {
  confirmed: 'good',
  scanned: 'good',
  link: 'good',
  denied: 'bad',
  error: 'bad',
  loading: 'loading',
}

function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  name: string,
  ...children: Element[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  element.className = name
  element.setAttribute('part', name)
  element.append(...children)
  return element
}

/** Text and no markup, which every CSP allows; an equal text would be announced again. */
function write(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/** The element's insides. */
export function createView(root: ShadowRoot, onAct: () => void) {
  const image = make('img', 'image')
  const path = document.createElementNS(SVG, 'path')
  const picture = document.createElementNS(SVG, 'svg')
  picture.setAttribute('viewBox', '0 0 48 48')
  picture.setAttribute('aria-hidden', 'true')
  picture.append(path)
  const tile = make('div', 'tile', image, picture)
  const left = make('i', 'left')
  const bar = make('div', 'bar', left)
  const title = make('p', 'title')
  const hint = make('p', 'hint')
  const matchLabel = make('span', 'label')
  const matchCode = make('b', 'number')
  const match = make('p', 'match', matchLabel, matchCode)
  const live = make('div', 'live', title, hint, match)
  live.setAttribute('role', 'status')
  const time = make('p', 'time')
  time.setAttribute('role', 'timer')
  const button = make('button', 'button')
  button.onclick = onAct
  const link = make('a', 'link')
  link.target = '_blank'
  link.rel = 'noopener'
  const card = make('section', 'card', tile, bar, live, time, button, link)
  card.tabIndex = -1
  root.append(card)
  if ('adoptedStyleSheets' in root) {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(STYLE)
    root.adoptedStyleSheets = [sheet]
  } else {
    // Safari before 16.4.
    write(card.appendChild(document.createElement('style')), STYLE)
  }

  let timer: ReturnType<typeof setTimeout> | undefined
  let end = 0
  let length = 0

  function count(expiresAt: number, unit: string): void {
    const ms = Math.max(0, expiresAt - Date.now())
    if (end !== expiresAt) {
      end = expiresAt
      length = ms
    }
    const seconds = Math.ceil(ms / 1_000)
    write(time, `${Math.floor(seconds / 60)}:${`0${seconds % 60}`.slice(-2)} ${unit}`)
    left.style.transform = `scaleX(${ms / (length || 1)})`
    // To the deadline's next full second, so that late timers do not add up.
    if (ms > 0) timer = setTimeout(count, ms % 1_000 || 1_000, expiresAt, unit)
  }

  const stop = (): void => clearTimeout(timer)

  function show({ state, language, channel, press, code, ticket }: Seen): void {
    const words = wordsOf(language, channel)
    const coded = state === 'pending'
    const waiting = coded || state === 'scanned' || state === 'link'
    const [what, advice] = words[coded && press ? 'press' : state]
    const act = /^(expired|denied|error)$/.test(state)
      ? words.again
      : state === 'computer'
        ? words.anyway
        : ''

    card.lang = words.lang
    card.setAttribute('aria-label', words.link[0])
    image.alt = words.alt
    image.hidden = !coded
    picture.toggleAttribute('hidden', coded)
    tile.className = coded ? 'tile code' : 'tile'
    if (!coded) {
      path.setAttribute('d', pictures[state])
      picture.setAttribute('class', tones[state] ?? '')
    }
    write(title, what)
    const help = words[code as 'SRC_MISSING'] ?? advice
    write(hint, state === 'error' ? `${help} ${code}` : help)
    match.hidden = !waiting || !ticket?.matchCode
    const onPhone = state === 'link' || (coded && press)
    const does = onPhone ? 'remember' : ticket?.matchMode === 'choose' ? 'choose' : 'match'
    write(matchLabel, words[does])
    write(matchCode, ticket?.matchCode ?? '')

    stop()
    bar.hidden = time.hidden = !waiting
    if (waiting && ticket) count(ticket.expiresAt, words.left)

    // The button that was pressed takes the focus with it when it is hidden.
    if (!act && root.activeElement === button) card.focus()
    button.hidden = !act
    write(button, act)
    link.hidden = state !== 'link'
    write(link, words.open)
    if (ticket?.link) link.href = ticket.link
  }

  return { image, show, stop }
}
