import { signIn, SignInError, type SignInChannel, type SignInStatus } from '../client.ts'
import type { ScenePassState, ScenePassStatus } from './state.ts'
import { createView, make } from './view.ts'
import type { Look } from './words.ts'

/** What the page asked for, read when it is needed. */
export type Wishes = {
  baseUrl: string
  /** Empty: what the service has. */
  channel: SignInChannel | ''
  /** Empty: `/ticket`. */
  begin: string
  language: string
  /** How often an expired code renews itself before it waits for a click. */
  renewals: number
}

export type Login = ReturnType<typeof createLogin>

/** Until the page's policy has forbidden such an image; the code has an address, too. */
let allowsData = true

/** Sign-in after sign-in, each on a ticket of its own, and what is shown meanwhile. */
export function createLogin(
  root: ShadowRoot,
  wishes: () => Wishes,
  emit: (type: string, detail: object) => void,
) {
  const view = createView(root, act)
  const { userAgent } = navigator
  // WeChat on a computer shows pages, too.
  const invite: Look = !/\bMobi/i.test(userAgent)
    ? 'pending'
    : /MicroMessenger/i.test(userAgent)
      ? 'press'
      : 'album'
  let attempt: AbortController | undefined
  let ticket: SignInStatus['ticket']
  let state: ScenePassState | undefined
  let code: string | null = null
  let renewed = 0
  let codeUrl = ''
  let codeShown = false
  let signing = false
  let anyway = false
  let served: SignInChannel | undefined

  const status = (): ScenePassStatus => ({
    state: state ?? 'loading',
    scene: ticket?.scene ?? null,
    expiresAt: ticket?.expiresAt ?? null,
    code,
  })

  /** A phone cannot scan its own screen; a code on it can be pressed inside WeChat alone. */
  const needsLink = (): boolean => invite === 'album' && !anyway

  function draw(): void {
    const { language, channel } = wishes()
    view.show({
      look: state === 'pending' ? invite : signing ? 'signing' : (state ?? 'loading'),
      invite,
      small: needsLink(),
      language,
      channel: channel || served,
      code,
      ticket,
    })
  }

  function set(next: ScenePassState, why: string | null = null): void {
    // What is said already would be announced again.
    if (state === next && code === why) return
    state = next
    code = why
    signing = false
    draw()
    emit('status', status())
  }

  function stop(): void {
    attempt?.abort()
    attempt = undefined
  }

  function hear(now: SignInStatus): void {
    ticket = now.ticket
    served = ticket?.channel ?? served
    if (now.status === 'pending' && ticket) {
      if (!needsLink()) showCode(ticket)
      else if (ticket.link) set('link')
      else {
        stop()
        set('computer')
      }
    } else if (/^(loading|scanned|confirmed|offline|busy)$/.test(now.status)) {
      set(now.status as ScenePassState)
    }
    // Every other ending is shown when `signIn` rejects, with its reason.
  }

  /** The state stays `loading` until there is an image to show; the code before it is seen till then. */
  function showCode({ codeUrl: url, image }: NonNullable<SignInStatus['ticket']>): void {
    if (codeUrl !== url) {
      codeUrl = url
      load((allowsData && image) || url)
    }
    set(codeShown ? 'pending' : 'loading')
  }

  function load(src: string): void {
    const mine = attempt
    const image = make('img', 'image')
    image.onload = () => {
      if (mine !== attempt) return
      view.put(image)
      codeShown = true
      if (state !== 'scanned') set('pending')
    }
    image.onerror = () => {
      allowsData = false
      setTimeout(() => mine === attempt && load(codeUrl), src === codeUrl ? 2_000 : 0)
    }
    image.src = src
  }

  async function run(): Promise<void> {
    stop()
    const mine = (attempt = new AbortController())
    const { baseUrl, channel, begin, renewals } = wishes()
    ticket = undefined
    codeShown = false
    set('loading')
    try {
      const token = baseUrl
        ? await signIn({
            baseUrl,
            ...(channel && { channel }),
            ...(begin && { begin }),
            link: needsLink(),
            image: !needsLink(),
            signal: mine.signal,
            onStatus: (now) => mine === attempt && hear(now),
          })
        : // A little later, too: some frameworks set `src` once the element is on the page.
          await Promise.reject(new SignInError('SRC_MISSING'))
      if (mine !== attempt) return
      await handOver(token)
      if (mine === attempt) draw()
    } catch (error) {
      if (mine !== attempt) return
      attempt = undefined
      const { code: why = 'INTERNAL', requestId } = error as Partial<SignInError>
      // Without a ticket it was the beginning that was refused, and would be again.
      const how = ticket && /^TICKET_(EXPIRED|DENIED)$/.exec(why)?.[1]
      if (how === 'EXPIRED' && renewed < renewals) {
        renewed += 1
        return run()
      }
      if (how) return set(how === 'EXPIRED' ? 'expired' : 'denied', why)
      // For the developer: the visitor can only pass the code on.
      if (why === 'SRC_MISSING') console.error('Set <scene-pass src>')
      if (why === 'ORIGIN_NOT_ALLOWED') console.error(`Add ${location.origin} to CORS_ORIGINS`)
      set('error', requestId ? `${why} ${requestId}` : why)
      if (!(error instanceof SignInError)) throw error
    }
  }

  /** The site may say when it is done with the token, and whether it came to a session. */
  async function handOver(token: string): Promise<void> {
    const work: unknown[] = []
    emit('login', { token, waitUntil: (promise: unknown) => void work.push(promise) })
    signing = work.length > 0
    draw()
    await Promise.all(work).catch((error: unknown) => {
      console.error(error)
      throw new SignInError('SITE_FAILED')
    })
    signing = false
  }

  function start(): void {
    renewed = 0
    void run()
  }

  function act(): void {
    if (state === 'computer') anyway = true
    // The click has ended the pause of `signIn` already.
    if (state !== 'offline' && state !== 'busy') start()
  }

  return { start, stop, draw, status }
}
