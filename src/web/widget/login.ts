import { backoff, call, passing } from '../call.ts'
import { signIn, SignInError, type SignInChannel, type SignInStatus } from '../client.ts'
import type { ScenePassState, ScenePassStatus } from './state.ts'
import { createView } from './view.ts'
import { wordsOf } from './words.ts'

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

/** WeChat on a computer shows pages too; only a phone cannot scan itself. */
const onPhone = (): boolean => /\bMobi/i.test(navigator.userAgent)
const insideWechat = (): boolean => /MicroMessenger/i.test(navigator.userAgent)

/** Sign-in after sign-in, each on a ticket of its own, and what is shown meanwhile. */
export function createLogin(
  root: ShadowRoot,
  wishes: () => Wishes,
  emit: (type: string, detail: object) => void,
) {
  const view = createView(root, act)
  const { image } = view
  let attempt: AbortController | undefined
  let ticket: SignInStatus['ticket']
  let state: ScenePassState = 'loading'
  let told: ScenePassState | undefined
  let code: string | null = null
  let renewed = 0
  let codeUrl = ''
  let imageFailures = 0
  let anyway = false
  let served: SignInChannel | undefined

  const status = (): ScenePassStatus => ({
    state,
    scene: ticket?.scene ?? null,
    expiresAt: ticket?.expiresAt ?? null,
    code,
  })

  /** A phone cannot scan its own screen; a code on it can be pressed inside WeChat alone. */
  const needsLink = (): boolean => onPhone() && !insideWechat() && !anyway

  function draw(): void {
    const { language, channel } = wishes()
    view.show({
      state,
      language,
      channel: channel || served,
      press: onPhone() && insideWechat(),
      code,
      ticket,
    })
  }

  function set(next: ScenePassState, why: string | null = null): void {
    state = next
    code = why
    draw()
    if (told !== next) emit('status', status())
    told = next
  }

  function stop(): void {
    attempt?.abort()
    attempt = undefined
    view.stop()
  }

  function hear(now: SignInStatus): void {
    ticket = now.ticket
    served = ticket?.channel ?? served
    if (now.status === 'pending' && ticket) {
      if (!needsLink()) showCode(ticket.codeUrl)
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

  /** The state stays `loading` until there is an image to show. */
  function showCode(url: string): void {
    if (codeUrl !== url) {
      codeUrl = url
      imageFailures = 0
      image.src = url
    }
    set(image.complete && image.naturalWidth > 0 ? 'pending' : 'loading')
  }

  image.onload = () => {
    if (attempt && state !== 'scanned') set('pending')
  }

  /** An `<img>` does not say why it failed, so the same address is fetched. */
  image.onerror = async () => {
    const mine = attempt
    if (!mine) return
    const headers = { accept: 'application/json' }
    const answer = await call(codeUrl, { headers }, mine.signal).catch(() => null)
    // The ticket has ended: the next poll says how.
    if (mine !== attempt || answer?.status === 410) return
    const why = answer?.body?.code
    if (answer && !answer.ok && (!passing(answer) || why === 'WECHAT_MISCONFIGURED')) {
      stop()
      return fail(why ?? `HTTP_${answer.status}`, answer.body?.request_id)
    }
    if (imageFailures > 0 && state === 'loading') set('busy')
    setTimeout(
      () => {
        if (mine === attempt) image.src = `${codeUrl}?${imageFailures}`
      },
      Math.max(answer?.retryAfter ?? 0, backoff(imageFailures++)),
    )
  }

  function fail(why: string, requestId?: string): void {
    // For the developer: the visitor can only pass the code on.
    if (why === 'SRC_MISSING') console.error(wordsOf('')[why])
    if (why === 'ORIGIN_NOT_ALLOWED') console.error(`Add ${location.origin} to CORS_ORIGINS`)
    set('error', requestId ? `${why} ${requestId}` : why)
  }

  function run(): void {
    stop()
    const mine = (attempt = new AbortController())
    const { baseUrl, channel, begin, renewals } = wishes()
    ticket = undefined
    set('loading')
    const outcome = baseUrl
      ? signIn({
          baseUrl,
          ...(channel && { channel }),
          ...(begin && { begin }),
          link: needsLink(),
          signal: mine.signal,
          onStatus: (now) => mine === attempt && hear(now),
        })
      : // A little later, too: some frameworks set `src` once the element is on the page.
        Promise.reject(new SignInError('SRC_MISSING'))
    outcome.then(
      (token) => {
        if (mine !== attempt) return
        attempt = undefined
        emit('login', { token })
      },
      (error: unknown) => {
        if (mine !== attempt) return
        attempt = undefined
        const { code: why = 'INTERNAL', requestId } = error as Partial<SignInError>
        // Without a ticket it was the beginning that was refused, and would be again.
        const how = ticket && /^TICKET_(EXPIRED|DENIED)$/.exec(why)?.[1]
        if (how === 'EXPIRED' && renewed < renewals) {
          renewed += 1
          run()
        } else if (how) set(how === 'EXPIRED' ? 'expired' : 'denied', why)
        else {
          fail(why, requestId)
          if (!(error instanceof SignInError)) throw error
        }
      },
    )
  }

  function start(): void {
    renewed = 0
    run()
  }

  function act(): void {
    if (state === 'computer') anyway = true
    start()
  }

  return { start, stop, draw, status }
}
