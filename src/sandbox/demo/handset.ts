/**
 * What the phone in the frame shows, as far as its scan button has to know: it lies there, it asks its
 * person something, or anything else.
 */
export type PhoneScreen = 'rest' | 'asks' | 'other'

/** The phone is narrower here than a real one: everything on it is smaller by as much. */
const FONT_SIZE = 'clamp(14px, 4.7vw, 17px)'

/**
 * The frame of the phone beside the page. Its pages are the sandbox's own, and the confirm page.
 *
 * @param on.load called with the window of each of them
 * @param on.change called when it shows another screen
 */
export function createHandset(
  frame: HTMLIFrameElement,
  on: {
    load: (phone: Window & typeof globalThis, isConfirmPage: boolean) => void
    change: () => void
  },
) {
  const root = document.documentElement
  const watcher = new MutationObserver(on.change)

  frame.addEventListener('load', () => {
    const phone = frame.contentWindow as (Window & typeof globalThis) | null
    // While the service is down this is the browser's own page, which no script may look into.
    const shown = frame.contentDocument
    const isConfirmPage = Boolean(shown?.getElementById('confirm'))
    watcher.disconnect()
    if (phone && shown && (isConfirmPage || shown.getElementById('phone'))) {
      fit(shown)
      speakAlike()
      watcher.observe(shown.documentElement, { attributeFilter: ['data-screen'] })
      on.load(phone, isConfirmPage)
    }
    on.change()
  })
  new MutationObserver(speakAlike).observe(root, { attributeFilter: ['lang'] })

  /** Beside the page it needs no notice and no language of its own. */
  function fit(shown: Document): void {
    shown.documentElement.style.fontSize = FONT_SIZE
    const header = shown.querySelector('header')
    if (header) header.style.display = 'none'
    shown.body.style.padding = '0.6rem 0.75rem'
    // The frame is as high as it is; what is longer scrolls.
    shown.body.style.minHeight = '0'
  }

  function speakAlike(): void {
    const phone = frame.contentDocument
    if (phone?.documentElement && phone.documentElement.lang !== root.lang) {
      phone.getElementById('language')?.click()
    }
  }

  return {
    open(address: string): void {
      // Not by its attribute: the back button would go through all the codes.
      frame.contentWindow?.location.replace(address)
    },
    screen(): PhoneScreen {
      // A document that is about to be another has no element.
      const shown = frame.contentDocument?.documentElement as HTMLElement | null | undefined
      return (shown?.dataset['screen'] ?? 'other') as PhoneScreen
    },
    /** Where page and phone stand below each other, the phone may be out of sight. */
    show(): void {
      frame.parentElement?.scrollIntoView({ block: 'nearest' })
      frame.focus()
    },
  }
}
