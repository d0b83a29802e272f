import type { ScenePassElement, ScenePassEventMap } from '../../web/widget.ts'
import { showClaims } from './claims.ts'
import { createTraffic } from './traffic.ts'
import { watchCodes, watchFetch } from './watch.ts'

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
const claims = find('claims')
const element = document.querySelector<ScenePassElement>('scene-pass')

const tell = createTraffic(find('traffic'))
let scene: string | null = null

watchFetch(window, 'browser', tell)
watchCodes(tell)
frame.addEventListener('load', () => {
  const phone = frame.contentWindow as (Window & typeof globalThis) | null
  // While the service is down this is the browser's own page, which no script may look into.
  if (!phone || !frame.contentDocument?.getElementById('phone')) return
  watchFetch(phone, 'phone', tell)
  speakAlike()
})
frame.src = '/sandbox/phone'
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
  showClaims(claims, (event as ScenePassEventMap['login']).detail.token)
})

scan.addEventListener('click', () => {
  if (scene === null) return
  // Not by its attribute: the back button would go through all the codes.
  frame.contentWindow?.location.replace(`/sandbox/phone?scene=${encodeURIComponent(scene)}`)
  frame.focus()
})
find('restart').addEventListener('click', () => {
  claims.hidden = true
  frame.contentWindow?.location.replace('/sandbox/phone')
  element?.refresh()
  // The button is gone, and the focus with it.
  find('title').focus()
})
