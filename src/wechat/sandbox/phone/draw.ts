import type { PageElement, PageWindow, PhoneState, Scan } from './page.ts'
import type { PhoneTexts } from './texts.ts'

/** The elements of the current screen. Data becomes text, never markup. */
export function draw(
  { document }: PageWindow,
  state: PhoneState,
  texts: PhoneTexts,
  on: Record<'scan' | 'confirm' | 'decline' | 'choose' | 'back', (value: string) => void>,
): PageElement[] {
  const words = texts[state.language]

  function make(tag: string, text: string, className = ''): PageElement {
    const element = document.createElement(tag)
    element.textContent = text
    element.className = className
    return element
  }
  function box(className: string, ...children: PageElement[]): PageElement {
    const element = make('div', '', className)
    element.append(...children)
    return element
  }
  function button(text: string, className: string, tap: () => void, off = false): PageElement {
    const element = make('button', text, className)
    element.setAttribute('type', 'button')
    element.disabled = off || state.busy
    element.addEventListener('click', tap)
    return element
  }
  const result = (title: string, text: string, mark: string) => [
    make('h1', title, mark),
    make('p', text),
  ]

  if (state.screen === 'none') return [make('p', words.noScene)]
  if (state.screen === 'confirmed') return result(words.confirmed, words.confirmedNext, 'good')
  if (state.screen === 'denied') return result(words.denied, words.deniedNext, 'bad')
  if (state.screen === 'failed') {
    return [
      ...result(words.failed, state.message === '' ? words.offline : state.message, 'bad'),
      button(words.retry, 'plain', () => on.back('')),
    ]
  }

  if (state.screen === 'user') {
    const field = make('input', '')
    field.value = state.user
    for (const [name, value] of Object.entries({
      type: 'text',
      name: 'user',
      maxlength: '32',
      autocapitalize: 'none',
      autocomplete: 'off',
      'aria-label': words.other,
      placeholder: words.other,
    })) {
      field.setAttribute(name, value)
    }
    field.addEventListener('input', () => {
      state.user = field.value ?? ''
    })
    const people = ['alice', 'bob', 'carol', 'mallory'].map((name) =>
      button(name, 'person', () => on.scan(name)),
    )
    return [
      make('h1', words.who),
      box('people', ...people),
      field,
      make('p', words.otherRule, 'hint'),
      button(words.use, 'plain', () => on.scan(field.value ?? '')),
    ]
  }

  const { site, requested_by: by, match, notices } = state.scan as Scan
  const facts = make('dl', '')
  const at = by.at === null ? null : new Date(by.at).toLocaleString(state.language)
  for (const [name, value] of [
    [words.browser, by.browser],
    [words.system, by.os],
    [words.address, by.country === null ? by.ip : `${by.ip ?? words.unknown} (${by.country})`],
    [words.time, at],
  ] as const) {
    facts.append(make('dt', name), make('dd', value ?? words.unknown))
  }
  const unusual = make('ul', '', 'notices')
  for (const { kind, browser = '', phone = '', count = '' } of notices) {
    const text = words.notices[kind]
      .replace('{browser}', browser)
      .replace('{phone}', phone)
      .replace('{count}', String(count))
    const grave = kind === 'other_country' || kind === 'many_tickets'
    unusual.append(make('li', text, grave ? 'grave' : ''))
  }
  const numbers = (match.choices ?? []).map((number) => {
    const element = button(number, 'number', () => on.choose(number))
    element.setAttribute('aria-pressed', String(number === state.choice))
    return element
  })
  const matching = {
    show: [make('p', words.compare), make('p', match.code ?? '', 'match')],
    choose: [make('p', words.choose), box('numbers', ...numbers)],
  }[match.mode]
  return [
    make(
      'h1',
      words.ask.replace('{site}', () => site),
    ),
    facts,
    ...(notices.length > 0 ? [unusual] : []),
    ...(matching ?? []),
    make('p', words.warning, 'warning'),
    box(
      'decision',
      button(words.decline, 'decide', () => on.decline('')),
      button(
        words.confirm,
        'decide',
        () => on.confirm(''),
        match.mode === 'choose' && state.choice === null,
      ),
    ),
  ]
}
