/** Workers and servers have no document. */
const isHidden = (): boolean =>
  (globalThis as { document?: Document }).document?.visibilityState === 'hidden'

/** What may end a pause: the page shows, the network is back, or a person does something. */
const WAKING = ['visibilitychange', 'online', 'click', 'focus']

/**
 * Lasts `ms`, and at least as long as the page is hidden; ends early when the page shows again or the
 * network is back. Ends at once when the signal aborts.
 *
 * @param least after trouble: how long it lasts in any case; it ends early then also when a person
 *   clicks anywhere or turns to the page
 * @returns whether it was a click
 */
export const wait = (ms: number, signal: AbortSignal, least?: number): Promise<boolean> =>
  new Promise((resolve) => {
    const startedAt = performance.now()
    let clicked = false
    let timer: ReturnType<typeof setTimeout>
    const look = (): void => {
      clearTimeout(timer)
      const left = ms - (performance.now() - startedAt)
      if (!signal.aborted) {
        if (isHidden()) return
        if (left > 0) return void (timer = setTimeout(look, Math.ceil(left)))
      }
      listen('remove')
      resolve(clicked)
    }
    const wake = ({ type }: Event): void => {
      if (least == null && /^[cf]/.test(type)) return
      clicked ||= type === 'click'
      ms = least ?? 0
      look()
    }
    const listen = (how: 'add' | 'remove'): void => {
      // On their way down: a page may stop them on their way up. Node has no such function.
      WAKING.forEach((type) => globalThis[`${how}EventListener`]?.(type, wake, true))
      signal[`${how}EventListener`]('abort', look)
    }
    listen('add')
    look()
  })
