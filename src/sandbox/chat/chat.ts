import { box, button, find, make } from '../../confirm-page/draw.ts'
import { drawPeople } from '../phone/people.ts'
import { drawLines } from './lines.ts'
import { createMemory, type Line } from './memory.ts'
import { chatTexts, type ChatTexts } from './texts.ts'

/**
 * The account's chat on a phone, where a scan of its code leads: who holds the phone, a Follow button
 * for strangers, and what the account replies. WeChat's part is the sandbox's.
 */
const main = find('phone')
const toggle = find('language')
const notice = find('notice')
/** What was scanned; empty: the phone lies there. */
const scene = /^\/sandbox\/q\/([\w-]+)$/.exec(location.pathname)?.[1] ?? ''

type Screen = 'nothing' | 'who' | 'stranger' | 'chat' | 'left'

const memory = createMemory()
let language: 'zh' | 'en' = /^zh/i.test(navigator.language) ? 'zh' : 'en'
let busy = false
let screen: Screen = begin()

function begin(): Screen {
  const { scenes, lines } = memory.chat(memory.holder())
  // Back from a link of this chat, or nothing was scanned since.
  if (scene === '' ? lines.length > 0 : scenes.includes(scene)) return 'chat'
  memory.hand('')
  return scene === '' ? 'nothing' : 'who'
}

/** @returns the answer, or null where there was none */
async function ask(path: string, body?: object): Promise<Record<string, unknown> | null> {
  try {
    const response = await fetch(path, {
      ...(body && {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
      signal: AbortSignal.timeout(20_000),
    })
    return response.ok ? ((await response.json()) as Record<string, unknown>) : null
  } catch {
    return null
  }
}

/** One thing at a time: a second tap does nothing. */
async function once(work: () => Promise<Screen>): Promise<void> {
  if (busy) return
  busy = true
  render()
  screen = await work()
  busy = false
  render()
}

const take = (user: string): Promise<void> =>
  once(async () => {
    memory.hand(user)
    const person = await ask(`/sandbox/oa/followers/${user}`)
    if (person && person['follows'] === false) {
      memory.forget(user)
      return 'stranger'
    }
    return scan('scanned')
  })

async function scan(how: 'scanned' | 'followed'): Promise<Screen> {
  const user = memory.holder()
  const answer = await ask('/sandbox/oa/scan', { user, scene })
  memory.add(user, scene, [{ kind: how, text: '' }, lineOf(answer?.['reply'])])
  return 'chat'
}

function lineOf(reply: unknown): Line {
  if (typeof reply !== 'string' || reply === chatTexts.zh.fault) return { kind: 'fault', text: '' }
  return { kind: reply === '' ? 'silent' : 'reply', text: reply }
}

const unfollow = (): Promise<void> =>
  once(async () => {
    const user = memory.holder()
    if (!(await ask('/sandbox/oa/unfollow', { user }))) {
      memory.add(user, scene, [{ kind: 'fault', text: '' }])
      return 'chat'
    }
    memory.forget(user)
    return 'left'
  })

function handOver(): void {
  memory.hand('')
  screen = scene === '' ? 'nothing' : 'who'
  render()
}

const act = (text: string, className: string, tap: () => void): HTMLElement =>
  button(text, className, tap, busy)

function draw(words: ChatTexts): HTMLElement[] {
  if (screen === 'nothing') return [make('h1', words.noScan), make('p', words.noScanNext)]
  if (screen === 'who') return drawPeople(words, (user) => void take(user))
  const follow = act(words.follow, 'plain', () => void once(() => scan('followed')))
  const title = make('h1', words.account)
  const holder = (...more: HTMLElement[]): HTMLElement =>
    box('holder', make('span', memory.holder()), ...more, act(words.handOver, '', handOver))
  if (screen === 'stranger') return [title, make('p', words.stranger), follow, holder()]
  if (screen === 'left') {
    const rest = scene === '' ? [make('p', words.notFollowing)] : [follow]
    return [title, make('p', words.unfollowed), ...rest, holder()]
  }
  const { lines } = memory.chat(memory.holder())
  return [title, drawLines(lines, words), holder(act(words.unfollow, '', () => void unfollow()))]
}

function render(): void {
  const words = chatTexts[language]
  document.title = words.title
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
  // For the demo: whether the phone lies there, or asks its person something.
  document.documentElement.dataset['screen'] =
    screen === 'nothing' ? 'rest' : screen === 'who' || screen === 'stranger' ? 'asks' : 'other'
  toggle.textContent = words.toggle
  notice.textContent = words.notice
  main.setAttribute('aria-busy', String(busy))
  main.replaceChildren(...draw(words))
  // A chat is read from its end.
  if (screen === 'chat') scrollTo(0, document.documentElement.scrollHeight)
}

toggle.addEventListener('click', () => {
  language = language === 'zh' ? 'en' : 'zh'
  render()
})
// A page that comes back out of the browser's cache shows what has happened since.
addEventListener('pageshow', ({ persisted }) => persisted && location.reload())
render()
