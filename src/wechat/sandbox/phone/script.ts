import { draw } from './draw.ts'
import type { Answer, Language, PageElement, PageWindow, PhoneState, Scan } from './page.ts'
import { phoneTexts, type PhoneTexts } from './texts.ts'

/** Posts JSON; the parsed answer, or an Error with the message to show ('' where there is none). */
export async function post(
  window: PageWindow,
  language: Language,
  path: string,
  body: Answer,
): Promise<Answer> {
  const response = await window.fetch(path, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'accept-language': language === 'zh' ? 'zh-CN' : 'en',
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  })
  const answer = JSON.parse(await response.text()) as Answer
  if (!response.ok) throw Object.assign(new Error('refused'), { shown: answer.message })
  return answer
}

/** Runs the page: what a mini program does after a scan, with buttons for the person. */
export function startPhone(window: PageWindow, texts: PhoneTexts): void {
  const { document, navigator } = window
  const main = document.getElementById('phone') as PageElement
  const toggle = document.getElementById('language') as PageElement
  const notice = document.getElementById('notice') as PageElement
  const scene = new URLSearchParams(window.location.search).get('scene') ?? ''
  const state: PhoneState = {
    scene,
    language: navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en',
    busy: false,
    screen: scene === '' ? 'none' : 'user',
    user: '',
    scan: null,
    choice: null,
    message: '',
    back: 'user',
  }
  const ticket = `/ticket/${encodeURIComponent(scene)}`

  function render(): void {
    const words = texts[state.language]
    document.title = words.title
    document.documentElement.setAttribute('lang', state.language === 'zh' ? 'zh-CN' : 'en')
    toggle.textContent = words.toggle
    notice.textContent = state.busy ? words.busy : words.notice
    main.setAttribute('aria-busy', String(state.busy))
    main.replaceChildren(...draw(window, state, texts, taps))
  }

  // A login code is good for one call, so every call has its own, and a second tap waits its turn out.
  async function call(path: string, body: Answer, done: (answer: Answer) => void): Promise<void> {
    if (state.busy) return
    state.busy = true
    state.back = state.screen === 'confirm' ? 'confirm' : 'user'
    render()
    try {
      const login = await post(window, state.language, '/sandbox/wx-login', { user: state.user })
      done(await post(window, state.language, path, { ...body, code: login.code }))
    } catch (error) {
      const { shown } = error as { shown?: unknown }
      if (shown === undefined) console.error(error)
      state.message = String(shown ?? '')
      state.screen = 'failed'
    }
    state.busy = false
    render()
  }

  const taps = {
    scan: (user: string) => {
      if (state.busy) return
      state.user = user
      void call(`${ticket}/scan`, {}, (answer) => {
        state.scan = answer as Scan
        state.choice = null
        state.screen = 'confirm'
      })
    },
    choose: (number: string) => {
      state.choice = number
      render()
    },
    confirm: () => {
      const match = state.choice === null ? {} : { match_code: state.choice }
      void call('/login', { scene, ...match }, () => {
        state.screen = 'confirmed'
      })
    },
    decline: () => {
      void call(`${ticket}/deny`, {}, () => {
        state.screen = 'denied'
      })
    },
    back: () => {
      state.screen = state.back
      render()
    },
  }

  toggle.addEventListener('click', () => {
    state.language = state.language === 'zh' ? 'en' : 'zh'
    render()
  })
  render()
}

/**
 * The page's module. The functions above are served as they run here: types are gone by then, and
 * source and build behave alike. They may use one another and globals, nothing else that is imported.
 */
export const phoneScript = [
  ...[post, draw, startPhone].map(String),
  `startPhone(window, ${JSON.stringify(phoneTexts)})`,
].join('\n\n')
