import { createFlow, type State } from '../miniprogram/components/scene-pass-confirm/flow.js'
import { viewOf, type View } from '../miniprogram/components/scene-pass-confirm/view.js'
import { button, drawView, find } from './draw.ts'
import { confirmTexts, wordsHere } from './texts.ts'

/**
 * The mini program's own flow, words and screens for people who came from an official account's chat.
 * It runs in whatever browser that WeChat has: one plain script, without anything newer than ES2015.
 */
const main = find('confirm')
const toggle = find('language')
const TIMEOUT_MS = 20_000

type Link = { scene: string; proof: string }

/**
 * The link's own part, SCENE.PROOF. It leaves the address bar at once, so that no copy of the address
 * carries it; what stays with this entry of the history is for a page that loads again.
 */
function takeLink(): Link | null {
  const [, scene, proof] = /^#([\w-]+)\.([\w-]+)$/.exec(location.hash) || []
  const kept = history.state as Link | null
  const link = scene && proof ? { scene, proof } : kept
  history.replaceState(link, '', location.pathname)
  return link && link.scene && link.proof ? link : null
}

const link = takeLink()
let language: 'zh' | 'en' = /^zh/i.test(navigator.language) ? 'zh' : 'en'
let state: State | null = null
let drawn = ''
let timer: ReturnType<typeof setInterval> | undefined

const flow = createFlow({
  login: () => Promise.resolve(link ? link.proof : ''),
  post,
  enteredBy: () => undefined,
  show(next) {
    state = next
    render()
    clearInterval(timer)
    if (next.screen === 'ask') timer = setInterval(() => flow.tick(), 1_000)
  },
  onLogin() {},
})

function post(path: string, body: object): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', path)
    request.timeout = TIMEOUT_MS
    request.setRequestHeader('content-type', 'application/json')
    request.onload = () => resolve({ status: request.status, body: bodyOf(request) })
    request.onerror = request.ontimeout = () => reject(new Error('no answer'))
    request.send(JSON.stringify(body))
  })
}

function bodyOf(request: XMLHttpRequest): unknown {
  try {
    return JSON.parse(request.responseText)
  } catch {
    // Not ours: the flow says so.
    return request.responseText
  }
}

type Bridge = { invoke(name: string, options: object, done: () => void): void }
const bridge = (): Bridge | undefined => (window as { WeixinJSBridge?: Bridge }).WeixinJSBridge

/** Only WeChat's own browser has a chat to go back to. */
const isInWechat = /MicroMessenger/i.test(navigator.userAgent)
const isOver = (view: View): boolean => view.actions.length === 0 && view.title !== ''

function render(): void {
  const texts = confirmTexts[language]
  const words = wordsHere(language)
  document.title = texts.title
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
  toggle.textContent = texts.toggle
  main.setAttribute('aria-busy', String(state !== null && state.busy))
  const view = state && link && viewOf(state, words)
  const left = main.querySelector('.left')
  const now = JSON.stringify([language, view && Object.assign({}, view, { left: '' })])
  // Only the time has gone on: nothing loses its focus, and nothing is read out again.
  if (now === drawn && left && view) left.textContent = view.left
  else draw(view || withoutLink(texts))
  drawn = now
}

const withoutLink = ({ noLink, noLinkNext }: { noLink: string; noLinkNext: string }): View =>
  Object.assign({}, viewOf(EMPTY, wordsHere(language)), {
    mark: 'bad',
    title: noLink,
    text: noLinkNext,
  })

const EMPTY: State = {
  screen: 'howto',
  scene: '',
  busy: false,
  pressed: null,
  scan: null,
  choice: null,
  deadline: 0,
  problem: 'trouble',
  code: '',
}

function draw(view: View): void {
  main.textContent = ''
  const act = (name: View['actions'][number]['name']) => void flow[name]()
  for (const element of drawView(view, { act, choose: flow.choose })) main.appendChild(element)
  if (!isInWechat || !isOver(view) || (state && state.screen === 'loading')) return
  const close = () => {
    const found = bridge()
    if (found) found.invoke('closeWindow', {}, () => {})
  }
  main.appendChild(button(confirmTexts[language].close, 'close', close))
}

toggle.addEventListener('click', () => {
  language = language === 'zh' ? 'en' : 'zh'
  render()
})
// The same page may be given another link, which changes the fragment alone.
window.addEventListener('hashchange', () => location.reload())
if (link) void flow.open(link.scene)
else render()
