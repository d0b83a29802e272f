import type { SignInChannel, SignInStatus } from '../client.ts'
import { pictures } from './pictures.ts'
import { STYLE } from './style.ts'
import { speak, type Look } from './words.ts'

/** Everything that the screen depends on. */
export type Seen = {
  look: Look
  /** How `pending` looks here. */
  invite: Look
  /** Where no code is shown: a smaller card. */
  small: boolean
  language: string
  channel: SignInChannel | undefined
  /** Why, where it failed. */
  code: string | null
  ticket: SignInStatus['ticket']
}

const SVG = 'http://www.w3.org/2000/svg'

const tones: Partial<Record<Look, string>> = {
  loading: 'turn',
  signing: 'turn',
  scanned: 'good',
  confirmed: 'good',
  link: 'good',
  denied: 'bad',
  error: 'bad',
}

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  name: string,
  ...children: (Element | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  element.part = element.className = name
  element.append(...children)
  return element
}

/** As long as the code of an error gets, so that there is room for it. */
const LONGEST_ERROR = 'WECHAT_MISCONFIGURED 12345678-123'

/** The element's insides. Text and no markup, which every CSP allows. */
export function createView(root: ShadowRoot, onAct: () => void) {
  let image = make('img', 'image')
  image.hidden = true
  const path = document.createElementNS(SVG, 'path')
  const picture = document.createElementNS(SVG, 'svg')
  picture.setAttribute('viewBox', '0 0 48 48')
  picture.setAttribute('aria-hidden', 'true')
  picture.append(path)
  const tile = make('div', 'tile', image, picture)
  const left = make('i', 'left')
  const time = make('p', 'time')
  time.setAttribute('role', 'timer')
  const count = make('div', 'count', make('div', 'bar', left), time)
  const text = make('div', 'text')
  const match = make('p', 'match')
  const button = make('button', 'button')
  button.onclick = onAct
  const link = make('a', 'link')
  link.target = '_blank'
  const foot = make('div', 'foot', match, button, link)
  const words = make('div', 'words', text, foot)
  words.setAttribute('role', 'status')
  const card = make('section', 'card', tile, count, words)
  card.tabIndex = -1
  card.dir = 'ltr'
  root.append(card)
  if ('adoptedStyleSheets' in root) {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(STYLE)
    root.adoptedStyleSheets = [sheet]
  } else {
    // Safari before 16.4.
    card.appendChild(document.createElement('style')).textContent = STYLE
  }

  let timer: ReturnType<typeof setTimeout> | undefined
  let end = 0
  let length = 0

  function tick(expiresAt: number, unit: string): void {
    const ms = Math.max(0, expiresAt - Date.now())
    if (end !== expiresAt) {
      end = expiresAt
      length = ms
    }
    // Of 1970-01-01T00:01:58.000Z.
    const clock = new Date(Math.ceil(ms / 1_000) * 1_000).toISOString().slice(11, 19)
    time.textContent = `${clock.replace(/^[0:]{1,4}/, '')} ${unit}`
    left.style.transform = `scaleX(${ms / (length || 1)})`
    // To the deadline's next full second, so that late timers do not add up.
    if (ms > 0) timer = setTimeout(tick, ms % 1_000 || 1_000, expiresAt, unit)
  }

  /** Shows a code that has been loaded in the place of the one before. */
  function put(next: HTMLImageElement): void {
    image.replaceWith(next)
    image = next
  }

  function show({ look, invite, small, language, channel, code, ticket }: Seen): void {
    const say = speak(language, channel)
    const coded = look === invite
    const waiting = coded || /^(scanned|link)$/.test(look)
    const dim = !image.hidden && /^(loading|scanned|expired|offline|busy)$/.test(look)

    card.lang = say('lang')[0]
    card.className = `card ${small ? 'small' : ''} ${tones[look] ?? ''}`
    card.setAttribute('aria-label', say('link')[0])
    image.alt = coded ? say('alt')[0] : ''
    image.hidden ||= !coded && !dim
    tile.className = coded ? 'tile code' : dim ? 'tile code dim' : 'tile'
    if (!coded) path.setAttribute('d', pictures[look as 'loading'])

    clearTimeout(timer)
    count.style.visibility = waiting ? '' : 'hidden'
    if (waiting && ticket) tick(ticket.expiresAt, say('left')[0])

    // The first is seen. The others are there, too, unseen: they keep the card at one height.
    const looks = [look, invite, ...Object.keys(pictures)] as Look[]
    text.replaceChildren(
      ...looks.map((look, at) => {
        const [what, advice = ''] = say(look)
        const hint = look === 'error' ? `${advice} ${at ? LONGEST_ERROR : code}` : advice
        return make('div', at ? 'ghost' : 'said', make('p', 'title', what), make('p', 'hint', hint))
      }),
    )

    const { matchCode, matchMode } = ticket ?? {}
    const digits = /^\d\d$/.test(matchCode ?? '')
    const onPhone = invite !== 'pending'
    const choose = matchMode === 'choose'
    // Where it is only compared it is of no use before the scan.
    match.hidden = !waiting || !matchCode || (coded && digits && !choose && !onPhone)
    const does = look !== 'scanned' && onPhone ? 'remember' : choose ? 'choose' : 'match'
    match.replaceChildren(
      make('span', 'label', say(does)[0]),
      make('b', digits ? 'number digits' : 'number', matchCode ?? ''),
    )

    const act = say(look)[2] ?? ''
    const focused = root.activeElement
    link.hidden = look !== 'link'
    button.hidden = !act || !link.hidden
    link.textContent = button.textContent = act
    if (ticket?.link) link.href = ticket.link
    // The button that was pressed takes the focus with it when it is hidden, and gets it back.
    if (focused === button && button.hidden) card.focus()
    if (focused === card && !button.hidden) button.focus()
  }

  return { put, show }
}
