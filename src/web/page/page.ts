import type { ScenePassEventMap, ScenePassState } from '../widget.ts'

/**
 * The hosted page's own script: hands the token over by a form, once, and keeps it nowhere else.
 * Loaded before the element, so that it misses none of its events.
 */
const UNANSWERED_MS = 3_000

const root = document.documentElement
const find = <T extends HTMLElement>(selector: string) => document.querySelector<T>(selector)

const element = find('scene-pass')
const outcome = find('#outcome > *')
const form = find<HTMLFormElement>('#hand-over')
const field = find<HTMLInputElement>('#hand-over > [name=token]')
const again = find<HTMLButtonElement>('#continue')

let token = ''

function handOver(): void {
  if (!form || !field) return
  field.value = token
  form.submit()
  // submit() has read it; a page that is kept for the back button keeps no token.
  field.value = ''
}

document.addEventListener('login', (event) => {
  if (outcome) outcome.hidden = false
  if (!form) return
  token = (event as ScenePassEventMap['login']).detail.token
  handOver()
  setTimeout(() => {
    if (again) again.hidden = false
  }, UNANSWERED_MS)
})
again?.addEventListener('click', handOver)

addEventListener('pagehide', () => {
  token = ''
})
addEventListener('pageshow', ({ persisted }) => {
  // The visitor came back after a token was handed over: the next one takes a new sign-in.
  if (persisted && form && outcome?.hidden === false) location.reload()
})

const tabs = [...document.querySelectorAll<HTMLButtonElement>('[role=tab]')]

function choose(chosen: HTMLButtonElement): void {
  for (const tab of tabs) {
    tab.setAttribute('aria-selected', String(tab === chosen))
    tab.tabIndex = tab === chosen ? 0 : -1
  }
  find('#door')?.setAttribute('aria-labelledby', chosen.id)
  element?.setAttribute('channel', chosen.dataset['channel'] ?? '')
}

/** The tab that a key leads to from one of them, as in every other row of tabs. */
const tabBy = (key: string, from: number): HTMLButtonElement | undefined => {
  const steps: Record<string, number> = {
    ArrowLeft: from - 1,
    ArrowRight: from + 1,
    Home: 0,
    End: -1,
  }
  const to = steps[key]
  return to === undefined ? undefined : tabs[(to + tabs.length) % tabs.length]
}

for (const [index, tab] of tabs.entries()) {
  tab.addEventListener('click', () => choose(tab))
  tab.addEventListener('keydown', (event) => {
    const next = tabBy(event.key, index)
    if (!next) return
    event.preventDefault()
    next.focus()
    choose(next)
  })
}
/** What has come of the sign-in, for the tab of a page that is not looked at. */
const OUTCOMES: Partial<Record<ScenePassState, { zh: string; en: string }>> = {
  scanned: { zh: '已扫码', en: 'Scanned' },
  confirmed: { zh: '✓ 已登录', en: '✓ Signed in' },
  denied: { zh: '✕ 已拒绝', en: '✕ Declined' },
  expired: { zh: '已过期', en: 'Expired' },
}
let state: ScenePassState | undefined

function entitle(): void {
  const title = find('h1')
  const outcome = state && OUTCOMES[state]
  if (!title) return
  document.title = outcome
    ? `${outcome[root.lang === 'en' ? 'en' : 'zh']} · ${title.dataset['name']}`
    : title.innerText
}

document.addEventListener('status', (event) => {
  ;({ state } = (event as ScenePassEventMap['status']).detail)
  entitle()
  find('.card')?.setAttribute('data-state', state)
  // Who has signed in is not asked how.
  const list = find('.tabs')
  if (list) list.hidden = state === 'confirmed'
})

find('#language')?.addEventListener('click', () => {
  root.lang = root.lang === 'en' ? 'zh-CN' : 'en'
  element?.setAttribute('lang', root.lang)
  entitle()
})
