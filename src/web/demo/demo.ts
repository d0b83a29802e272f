import type { ScenePassEventMap } from '../widget.ts'
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
const element = document.querySelector('scene-pass') as
  (HTMLElement & { refresh?: () => void }) | null

const tell = createTraffic(find('traffic'))
let scene: string | null = null

/** In the words of the phone's page, whose button for this shows the other language's name. */
function teachPhone(): void {
  const page = frame.contentDocument
  if (page && page.documentElement.lang !== root.lang) page.getElementById('language')?.click()
}

watchFetch(window, 'browser', tell)
watchCodes(tell)
frame.addEventListener('load', () => {
  const phone = frame.contentWindow as (Window & typeof globalThis) | null
  if (phone) watchFetch(phone, 'phone', tell)
  teachPhone()
})
frame.src = '/sandbox/phone'
new MutationObserver(teachPhone).observe(root, { attributeFilter: ['lang'] })

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
  scan.disabled = true
  // Not by its attribute: the back button would go through all the codes.
  frame.contentWindow?.location.replace(`/sandbox/phone?scene=${encodeURIComponent(scene)}`)
  frame.focus()
})
find('restart').addEventListener('click', () => {
  claims.hidden = true
  frame.contentWindow?.location.replace('/sandbox/phone')
  element?.refresh?.()
})
