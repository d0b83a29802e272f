import type { ScenePassElement, ScenePassEventMap } from '../../web/widget.ts'
import { claimsOf, showClaims } from './claims.ts'
import { makeCopyable } from './copy.ts'
import { createHandset } from './handset.ts'
import { pageSnippet, serverSnippet } from './snippets.ts'
import { createTraffic } from './traffic.ts'
import { watchCodes, watchFetch, watchXhr } from './watch.ts'

/**
 * The sandbox's part of the login page: gives the page's code to the phone beside it, and shows what
 * both say to the service. Loaded before the element, so that it hears its first call.
 */
const find = (id: string): HTMLElement => {
  const found = document.getElementById(id)
  if (!found) throw new TypeError(`the page has no #${id}`)
  return found
}
const frame = find('phone') as HTMLIFrameElement
const device = frame.parentElement as HTMLElement
const scan = find('scan') as HTMLButtonElement
const back = find('back')
const claims = find('claims')
const page = document.querySelector<HTMLElement>('.page')
const element = document.querySelector<ScenePassElement>('scene-pass')

find('other-apps').hidden = location.pathname !== '/'

const tell = createTraffic(find('traffic'))
/** What the page shows: the ticket of a code that waits for a scan. */
let code: string | null = null
/** What the phone scanned last. */
let scanned = ''
let token = ''

watchFetch(window, 'browser', tell)
watchCodes(tell)
const handset = createHandset(frame, {
  load(phone, isConfirmPage) {
    back.hidden = !isConfirmPage
    scan.hidden = isConfirmPage
    if (isConfirmPage) watchXhr(phone, tell)
    else watchFetch(phone, 'phone', tell)
  },
  change: offer,
})

/** The scan button: large on a phone that lies there, and dim while it would lead nowhere. */
function offer(): void {
  const screen = handset.screen()
  device.dataset['screen'] = screen
  scan.disabled = code === null || (screen === 'asks' && code === scanned)
}

const isAccount = (): boolean => element?.getAttribute('channel') === 'official_account'
/** Where the phone of this door lies without a code. */
const resting = (): string => (isAccount() ? '/sandbox/q' : '/sandbox/phone')
frame.src = resting()
if (element) {
  const rest = (): void => handset.open(resting())
  new MutationObserver(rest).observe(element, { attributeFilter: ['channel'] })
}

document.addEventListener('status', (event) => {
  const { scene, state } = (event as ScenePassEventMap['status']).detail
  code = state === 'pending' ? scene : null
  offer()
})
document.addEventListener('login', (event) => {
  // On the page of another app it is on its way already.
  if (element?.begin || !page) return
  ;({ token } = (event as ScenePassEventMap['login']).detail)
  showClaims(claims, token)
  const { iss, aud } = claimsOf(token) as { iss: string; aud: string }
  find('page-snippet').textContent = pageSnippet(location.origin)
  find('server-snippet').textContent = serverSnippet(location.origin, { iss, aud })
  find('heard').textContent = find('claims-title').innerText
  page.hidden = true
  claims.scrollIntoView()
})

scan.addEventListener('click', () => {
  if (code === null) return
  scanned = code
  handset.open(
    isAccount() ? `/sandbox/q/${code}` : `/sandbox/phone?scene=${encodeURIComponent(code)}`,
  )
  handset.show()
})
back.addEventListener('click', () => handset.open(`/sandbox/q/${scanned}`))
makeCopyable(claims, (what) => (what === 'token' ? token : (find(what).textContent ?? '')))
find('restart').addEventListener('click', () => {
  token = ''
  claims.hidden = true
  if (page) page.hidden = false
  find('heard').textContent = ''
  handset.open(resting())
  element?.refresh()
  // The button is gone, and the focus with it.
  find('title').focus()
})
