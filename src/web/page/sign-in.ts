import type { ScenePassEventMap } from '../widget.ts'
import { backoff, call, passing } from '../call.ts'

/**
 * What the page of a sign-in to another app does with its login: gives it to the service, and leads the
 * person back to the app. By a call and not by a form, because a browser would hold the redirect against
 * the page's policy; and in the place of this page, because it is over then. Loaded before the element.
 */
const TRIES = 3

const find = <T extends HTMLElement>(id: string) => document.getElementById(id) as T
const returning = find('returning')
const trouble = find('trouble').firstElementChild as HTMLElement
const waysOn = find('ways-on')
const again = find<HTMLButtonElement>('again')
const giveUp = find<HTMLButtonElement>('give-up')

/** This page's own path is the sign-in's: a POST finishes it, a DELETE gives it up. */
const path = location.pathname
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

let token = ''
let asked = 0

async function settle(): Promise<void> {
  returning.hidden = false
  giveUp.hidden = trouble.hidden = waysOn.hidden = true
  const init: RequestInit = token
    ? { method: 'POST', headers: { authorization: `Bearer ${token}` } }
    : { method: 'DELETE' }
  for (let failures = 0; failures < TRIES; failures++) {
    const answer = await call(path, init).catch(() => null)
    const to = answer?.body?.redirect_to
    if (answer?.ok && to) return location.replace(to)
    // Finished, by a call of ours whose answer was lost on the way.
    if (asked++ > 0 && answer?.status === 409) {
      return location.replace(path.replace('/sign-in/', '/oidc/authorize/'))
    }
    // It is over. The service knows how, and says it on a page.
    if (answer && !passing(answer)) return location.reload()
    if (failures < TRIES - 1) await sleep(Math.max(answer?.retryAfter ?? 0, backoff(failures)))
  }
  returning.hidden = true
  trouble.hidden = waysOn.hidden = false
  again.focus()
}

document.addEventListener('login', (event) => {
  ;({ token } = (event as ScenePassEventMap['login']).detail)
  void settle()
})
again.addEventListener('click', () => void settle())
giveUp.addEventListener('click', () => void settle())

document.addEventListener('status', (event) => {
  const { state, code } = (event as ScenePassEventMap['status']).detail
  // The sign-in is over, so it gets no ticket any more.
  if (state === 'error' && /^(INVALID_REQUEST|ALREADY_CONFIRMED)$/.test(code ?? '')) {
    location.reload()
  }
})
addEventListener('pagehide', () => {
  token = ''
})
addEventListener('pageshow', ({ persisted }) => {
  // The person came back, and what was shown may be over.
  if (persisted) location.reload()
})
