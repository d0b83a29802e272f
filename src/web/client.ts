import { backoff, call, passing, type Answer, type Body } from './call.ts'
import { wait } from './wait.ts'

/**
 * Signs a person in by their phone: one ticket, polled until it is decided. Needs `fetch` and no
 * DOM; where there is a document, polls rest while it is hidden.
 */

export type SignInChannel = 'miniprogram' | 'official_account'

export type SignInStatus = {
  /**
   * `loading` until there is a ticket, then its status. `offline` (no answer) and `busy` (429, 5xx)
   * are temporary: `signIn` tries again by itself.
   */
  status:
    | 'loading'
    | 'pending'
    | 'scanned'
    | 'confirmed'
    | 'denied'
    | 'canceled'
    | 'consumed'
    | 'expired'
    | 'offline'
    | 'busy'
  /** What follows is there as soon as there is a ticket. */
  ticket?:
    | {
        scene: string
        /** Whose code it is: a mini program's or an official account's. */
        channel: SignInChannel
        /** The code, for an `<img>`. */
        codeUrl: string
        /** With the option `image`: the code itself, a `data:` URL, or null. */
        image: string | null
        /** With the option `link`: what opens the mini program on this phone, or null. */
        link: string | null
        /** Two digits to compare with the phone's, or null. */
        matchCode: string | null
        /** Whether the phone shows it, too, or offers three to tap. */
        matchMode: 'off' | 'show' | 'choose'
        /** When the current window ends, in `Date.now()`'s milliseconds. */
        expiresAt: number
      }
    | undefined
}

export type SignInOptions = {
  /** Where ScenePass is: its `PUBLIC_URL`. */
  baseUrl: string
  /** Through which account; by default the service's only one, or its mini program. */
  channel?: SignInChannel
  /**
   * The path there to which the call that creates the ticket goes, `/ticket` by default. Cookies go with
   * it where the page has the same origin.
   */
  begin?: string
  /**
   * Gets the code's image, too, as a rule with the ticket: a call less. A page's policy must allow
   * `data:` among its images.
   */
  image?: boolean
  /** Asks also for a link that opens the mini program, for a page on the phone itself. */
  link?: boolean
  /** Ends the attempt and cancels its ticket. */
  signal?: AbortSignal
  /** Called with every change, from `loading` on. */
  onStatus?: (status: SignInStatus) => void
}

/** Why there is no token. */
export class SignInError extends Error {
  override name = 'SignInError'
  /**
   * `TICKET_DENIED`, `TICKET_EXPIRED`, `TICKET_CANCELED`, `TICKET_CONSUMED`, or another code of the
   * service's error catalogue; `HTTP_404` and the like where something else answered.
   */
  readonly code: string
  /** For the operator, where the service gave one. */
  readonly requestId: string | undefined

  constructor(code: string, message = code, requestId?: string) {
    super(message)
    this.code = code
    this.requestId = requestId
  }
}

/** After so long without an answer people are told; a poll, which costs nothing, is given up then. */
const SILENCE_MS = 4_000

/** Up to a fifth later, never earlier, so that browsers that came together do not stay together. */
const jitter = (ms: number): number => ms * (1 + Math.random() / 5)

/**
 * Creates a ticket and polls it until the person has decided.
 *
 * @returns the login token
 * @throws {SignInError} when the ticket ends without a token or the service refuses
 * @throws the signal's reason when it aborts
 */
export async function signIn(options: SignInOptions): Promise<string> {
  const { signal = new AbortController().signal, onStatus } = options
  const base = options.baseUrl.replace(/\/+$/, '')
  let ticket: SignInStatus['ticket']
  let headers: { authorization: string } | undefined
  let failures = 0
  let told: SignInStatus['status'] | undefined

  function tell(status: SignInStatus['status']): void {
    if (status === told) return
    told = status
    onStatus?.({ status, ticket: ticket && { ...ticket } })
  }

  function cancel(): void {
    if (!headers || !ticket) return
    const url = `${base}/ticket/${ticket.scene}`
    // The page may be on its way out; a ticket that cannot be canceled expires.
    fetch(url, { method: 'DELETE', headers, keepalive: true }).catch(() => {})
    headers = undefined
  }

  /** Calls until there is an answer other than 429 and 5xx. One call at a time. */
  async function ask(path: string, init: RequestInit, limit?: number): Promise<Answer> {
    for (;;) {
      let least = 0
      const silence = setTimeout(tell, SILENCE_MS, 'offline')
      let trouble: 'offline' | 'busy' = 'offline'
      try {
        const answer = await call(base + path, init, signal, limit)
        const { ok, body } = answer
        // A Wi-Fi's portal answers every call with its own login page.
        if (ok && !body?.status && !body?.link && !body?.data) throw new TypeError()
        if (!passing(answer)) {
          failures = 0
          return answer
        }
        trouble = 'busy'
        least = answer.retryAfter
      } catch (error) {
        // What is refused to a page's origin looks like a lost network. This answer it may read.
        const lost = error instanceof TypeError
        const alive =
          lost && !ticket ? await call(`${base}/livez`, {}, signal).catch(() => null) : null
        if (signal.aborted) throw signal.reason
        if (alive?.ok && alive.body?.code) throw refusal(alive)
      } finally {
        clearTimeout(silence)
      }
      const ms = Math.max(backoff(failures++), least)
      // A single lost poll is over before a message about it could be read.
      if (failures > 1 || ms > 2_000) tell(trouble)
      if (await wait(jitter(ms), signal, least)) tell('loading')
    }
  }

  /** What a new ticket has beside; null where it has ended meanwhile, and a poll will say how. */
  async function extra(path: string): Promise<Body | null> {
    const answer = await ask(path, { headers: { accept: 'application/json' } })
    if (!answer.ok && answer.status !== 410) throw refusal(answer)
    return answer.ok ? answer.body : null
  }

  const refusal = ({ status, body }: Answer): SignInError =>
    new SignInError(body?.code ?? `HTTP_${status}`, body?.message, body?.request_id)

  signal.addEventListener('abort', cancel)
  try {
    await wait(0, signal)
    // Begun and ended at once: an element whose attributes come one by one.
    if (signal.aborted) throw signal.reason
    tell('loading')
    const { channel, begin = '/ticket', image } = options
    const chosen = channel && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ channel }),
    }
    const path = begin.replace(/^\/?/, '/') + (image ? '?image=true' : '')
    const created = await ask(path, { method: 'POST', ...chosen })
    if (!created.ok) throw refusal(created)
    // What is well has a body: `ask` has looked.
    let now = created.body as Body
    const { scene } = now
    headers = { authorization: `Bearer ${now.secret}` }
    ticket = {
      scene,
      channel: now.channel,
      codeUrl: base + now.qrcode_url,
      image: now.qrcode ?? null,
      link: null,
      matchCode: now.match_code,
      matchMode: now.match_mode,
      expiresAt: 0,
    }
    if (options.link && now.link_url) {
      ticket.link = (await extra(now.link_url))?.link ?? null
    }
    if (image && !ticket.image) {
      const code = await extra(now.qrcode_url)
      if (code) ticket.image = `data:${code.content_type};base64,${code.data}`
    }
    while (now.status === 'pending' || now.status === 'scanned') {
      ticket.expiresAt = Date.now() + now.expires_in * 1_000
      tell(now.status)
      await wait(jitter(now.interval * 1_000), signal)
      const answer = await ask(`/ticket/${scene}`, { headers }, SILENCE_MS)
      if (answer.ok) {
        const next = answer.body as Body
        if (next.status !== 'pending' || now.status !== 'scanned') now = next
      }
      // The service deletes expired tickets after a while, and this one was there.
      else if (answer.body?.code === 'TICKET_NOT_FOUND' && ticket.expiresAt < Date.now())
        now = { ...now, status: 'expired' }
      else throw refusal(answer)
    }
    headers = undefined
    tell(now.status)
    if (now.token === undefined) throw new SignInError(`TICKET_${now.status.toUpperCase()}`)
    return now.token
  } finally {
    signal.removeEventListener('abort', cancel)
    cancel()
  }
}
