import type { ScenePassEventMap } from '../widget.ts'

/** The page of a device: the element's token goes nowhere, since the device polls for its own. */
const onPhone = document.getElementById('on-phone') as HTMLElement

document.addEventListener('status', (event) => {
  const { state, code } = (event as ScenePassEventMap['status']).detail
  const element = event.target as HTMLElement
  // The element would send the person to a computer; the code is on another screen already.
  onPhone.hidden = state !== 'computer'
  element.classList.toggle('wordless', state === 'computer')
  // The service says on a page what has become of the device.
  const isOver = /^TICKET_(DENIED|EXPIRED|CONSUMED|NOT_FOUND)$/.test(code ?? '')
  if (state === 'denied' || (state === 'error' && isOver)) location.reload()
})
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload()
})
