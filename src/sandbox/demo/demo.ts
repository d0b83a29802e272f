import type { ScenePassElement, ScenePassEventMap } from '../../web/widget.ts'
import { showClaims } from './claims.ts'
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
const root = document.documentElement
const frame = find('phone') as HTMLIFrameElement
const scan = find('scan') as HTMLButtonElement
const back = find('back')
const claims = find('claims')
const element = document.querySelector<ScenePassElement>('scene-pass')

find('other-apps').hidden = location.pathname !== '/'

const tell = createTraffic(find('traffic'))
let scene: string | null = null
/** What the phone scanned last. */
let scanned = ''

watchFetch(window, 'browser', tell)
watchCodes(tell)
frame.addEventListener('load', () => {
  const phone = frame.contentWindow as (Window & typeof globalThis) | null
  // While the service is down this is the browser's own page, which no script may look into.
  const shown = frame.contentDocument
  const isConfirmPage = Boolean(shown?.getElementById('confirm'))
  back.hidden = !isConfirmPage
  scan.hidden = isConfirmPage
  if (!phone || !shown || !(isConfirmPage || shown.getElementById('phone'))) return
  if (isConfirmPage) watchXhr(phone, tell)
  else watchFetch(phone, 'phone', tell)
  speakAlike()
})
const open = (address: string): void => {
  // Not by its attribute: the back button would go through all the codes.
  frame.contentWindow?.location.replace(address)
}
const isAccount = (): boolean => element?.getAttribute('channel') === 'official_account'
/** Where the phone of this door lies without a code. */
const resting = (): string => (isAccount() ? '/sandbox/q' : '/sandbox/phone')
frame.src = resting()
if (element) {
  new MutationObserver(() => open(resting())).observe(element, { attributeFilter: ['channel'] })
}
new MutationObserver(speakAlike).observe(root, { attributeFilter: ['lang'] })

/** The phone has two languages as well, and a button for the other one. */
function speakAlike(): void {
  const phone = frame.contentDocument
  if (phone && phone.documentElement.lang !== root.lang) phone.getElementById('language')?.click()
}

document.addEventListener('status', (event) => {
  const { detail } = event as ScenePassEventMap['status']
  scene = detail.scene
  scan.disabled = scene === null || detail.state !== 'pending'
})
document.addEventListener('login', (event) => {
  // On the page of another app it is on its way already.
  if (!element?.begin) showClaims(claims, (event as ScenePassEventMap['login']).detail.token)
})

scan.addEventListener('click', () => {
  if (scene === null) return
  scanned = scene
  open(isAccount() ? `/sandbox/q/${scene}` : `/sandbox/phone?scene=${encodeURIComponent(scene)}`)
  frame.focus()
})
back.addEventListener('click', () => open(`/sandbox/q/${scanned}`))
find('restart').addEventListener('click', () => {
  claims.hidden = true
  open(resting())
  element?.refresh()
  // The button is gone, and the focus with it.
  find('title').focus()
})
