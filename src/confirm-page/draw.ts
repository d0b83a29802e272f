import type { Action, View } from '../miniprogram/components/scene-pass-confirm/view.js'

/** An element of the page's own document. */
export const find = (id: string): HTMLElement => {
  const found = document.getElementById(id)
  if (!found) throw new TypeError(`the page has no #${id}`)
  return found
}

/** An element with a text. Data becomes text, never markup. */
export function make(tag: string, text: string, className = ''): HTMLElement {
  const element = document.createElement(tag)
  element.textContent = text
  element.className = className
  return element
}

export function box(className: string, ...children: HTMLElement[]): HTMLElement {
  const element = make('div', '', className)
  element.append(...children)
  return element
}

export function button(text: string, className: string, tap: () => void, off = false): HTMLElement {
  const element = document.createElement('button')
  element.type = 'button'
  element.textContent = text
  element.className = className
  element.disabled = off
  element.addEventListener('click', tap)
  return element
}

/** A ring that turns; the words beside it say what is waited for. */
function spinner(): HTMLElement {
  const element = make('span', '', 'spinner')
  element.setAttribute('aria-hidden', 'true')
  return element
}

/**
 * What the mini program shows, in the same order.
 *
 * @param on.leave the way out once it is over, on a page that has one as the mini program does
 */
export function drawView(
  view: View,
  on: {
    act: (name: Action['name']) => void
    choose: (number: string) => void
    leave?: () => void
  },
): HTMLElement[] {
  const some = (tag: string, text: string, className = '') =>
    text === '' ? [] : [make(tag, text, className)]
  const numbers = view.choices.map(({ number, chosen }) => {
    const element = button(number, 'number', () => on.choose(number), view.busy)
    element.setAttribute('aria-pressed', String(chosen))
    return element
  })
  const actions = view.actions.map(({ name, text, off, waits }) => {
    const element = button(text, waits ? 'decide waits' : 'decide', () => on.act(name), off)
    if (waits) element.insertBefore(spinner(), element.firstChild)
    return element
  })
  return [
    make('h1', view.title, view.mark),
    ...(view.waits ? [spinner()] : []),
    ...some('p', view.text),
    ...some('p', view.facts, 'facts'),
    ...view.notices.map(({ text, grave }) => make('p', text, grave ? 'unusual grave' : 'unusual')),
    ...(view.digits.length > 0
      ? [box('compare', make('p', view.compare), tiles(view))]
      : [...some('p', view.compare), ...some('p', view.code, 'match')]),
    ...(numbers.length > 0 ? [box(view.long ? 'numbers long' : 'numbers', ...numbers)] : []),
    ...some('p', view.warning, 'warning'),
    ...(actions.length > 0 ? [box('decision', ...actions)] : []),
    ...(view.done !== '' && on.leave ? [button(view.done, 'done', on.leave)] : []),
    ...(view.left === '' ? [] : [timeLeft(view.left)]),
  ]
}

/** The number, a tile a digit; a screen reader says it as one. */
function tiles({ code, digits }: View): HTMLElement {
  const element = box('digits', ...digits.map((digit) => make('span', digit)))
  element.setAttribute('role', 'img')
  element.setAttribute('aria-label', code)
  return element
}

function timeLeft(text: string): HTMLElement {
  const element = make('p', text, 'left')
  // It changes every second, which a screen reader should not announce.
  element.setAttribute('role', 'timer')
  return element
}
