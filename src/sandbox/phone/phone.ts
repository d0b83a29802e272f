import { createFlow, type State } from '../../miniprogram/components/scene-pass-confirm/flow.js'
import { viewOf, type View } from '../../miniprogram/components/scene-pass-confirm/view.js'
import { wordsOf } from '../../miniprogram/components/scene-pass-confirm/words.js'
import { drawView, find } from '../../confirm-page/draw.ts'
import { drawHandOver, drawPeople } from './people.ts'
import { phoneTexts, type PhoneTexts } from './texts.ts'

/**
 * The mini program in a browser: its flow, its words and its screens, with a choice of who holds the
 * phone, and the sandbox for WeChat.
 */
const main = find('phone')
const toggle = find('language')
const notice = find('notice')
const address = new URLSearchParams(location.search)
/** What the creator of a URL Link wrote behind it, as its page in the mini program reads it. */
const behind = new URLSearchParams(address.get('cq') ?? '')
const scene = behind.get('scene') ?? address.get('scene') ?? ''
/** WeChat's number for a code that was scanned, unless the address names another way. */
const enteredBy = Number(address.get('entered_by') ?? 1047)

let language: 'zh' | 'en' = /^zh/i.test(navigator.language) ? 'zh' : 'en'
let user = ''
let state: State | null = null
let drawn = ''
let timer: ReturnType<typeof setInterval> | undefined
let flow = begin()

function begin() {
  return createFlow({
    login: async () => {
      const { status, body } = await post('/sandbox/wx-login', { user })
      if (status !== 200) throw new Error(`/sandbox/wx-login: ${status}`)
      return (body as { code: string }).code
    },
    post,
    enteredBy: () => enteredBy,
    show: (next) => {
      state = next
      render()
      if (state.screen === 'ask') timer ??= setInterval(() => flow.tick(), 1000)
      else timer = void clearInterval(timer)
    },
    onLogin: () => {},
  })
}

async function post(path: string, body: object): Promise<{ status: number; body: unknown }> {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  return { status: response.status, body: isJson ? JSON.parse(text) : text }
}

function scan(name: string): void {
  user = name
  void flow.open(scene)
}

function reset(): void {
  flow.close()
  flow = begin()
  state = null
  user = ''
  timer = void clearInterval(timer)
}

function handOver(): void {
  reset()
  render()
}

/** Leaves the mini program: the phone is as it was before any code. */
function leave(): void {
  reset()
  history.replaceState(null, '', location.pathname)
  void flow.open('')
}

/** For the demo: whether the phone lies there, or asks its person something. */
function screenOf(state: State | null): 'rest' | 'asks' | 'other' {
  if (state?.screen === 'howto') return 'rest'
  return !state || state.screen === 'ask' || state.screen === 'loading' ? 'asks' : 'other'
}

function render(): void {
  const texts = phoneTexts[language]
  document.title = texts.title
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
  document.documentElement.dataset['screen'] = screenOf(state)
  toggle.textContent = texts.toggle
  notice.textContent = state?.busy ? wordsOf(language).busy : texts.notice
  main.setAttribute('aria-busy', String(state?.busy ?? false))
  const view = state && viewOf(state, wordsOf(language))
  const left = main.querySelector('.left')
  const now = JSON.stringify([language, user, view && { ...view, left: '' }])
  // Only the time has gone on: nothing loses its focus, and nothing is read out again.
  if (now === drawn && left && view) left.textContent = view.left
  else main.replaceChildren(...draw(view, texts))
  drawn = now
}

function draw(view: View | null, texts: PhoneTexts): HTMLElement[] {
  if (!view) return drawPeople(texts, scan)
  const elements = drawView(view, { act: (name) => void flow[name](), choose: flow.choose, leave })
  return user === '' ? elements : [...elements, drawHandOver(texts, user, handOver)]
}

toggle.addEventListener('click', () => {
  language = language === 'zh' ? 'en' : 'zh'
  render()
})
if (scene === '') void flow.open('')
else render()
