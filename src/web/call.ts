/** What the service answers, as far as the browser reads it. */
export type Body = {
  scene: string
  secret: string
  channel: 'miniprogram' | 'official_account'
  status: 'pending' | 'scanned' | 'confirmed' | 'denied' | 'canceled' | 'consumed' | 'expired'
  expires_in: number
  interval: number
  match_code: string | null
  match_mode: 'off' | 'show' | 'choose'
  qrcode_url: string
  qrcode?: string
  link_url?: string
  link?: string
  content_type?: string
  data?: string
  token?: string
  code?: string
  message?: string
  request_id?: string
  redirect_to?: string
}

export type Answer = {
  status: number
  ok: boolean
  /** Milliseconds; 0 where there is none. */
  retryAfter: number
  /** Null where it is not JSON. */
  body: Body | null
}

/**
 * One call, body included.
 *
 * @param limit how many milliseconds it may take
 * @throws {TypeError} when nothing answers
 * @throws an `AbortError` when the signal aborts or the time is over
 */
export async function call(
  url: string,
  init: RequestInit,
  signal?: AbortSignal,
  limit = 10_000,
): Promise<Answer> {
  const ending = new AbortController()
  const stop = (): void => ending.abort()
  const timer = setTimeout(stop, limit)
  signal?.addEventListener('abort', stop)
  if (signal?.aborted) stop()
  try {
    const answer = await fetch(url, { ...init, cache: 'no-store', signal: ending.signal })
    const body = await answer.json().catch((error: unknown) => {
      if (ending.signal.aborted) throw error
      return null
    })
    const retryAfter = Number(answer.headers.get('retry-after')) * 1_000 || 0
    return { status: answer.status, ok: answer.ok, retryAfter, body }
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
}

/** Milliseconds to wait after so many failures before the last one: 1 s, 2 s, 4 s … 30 s. */
export const backoff = (failures: number): number => Math.min(30_000, 1_000 * 2 ** failures)

/** Whether the same call may go well a moment later. */
export const passing = ({ status, body }: Answer): boolean =>
  status === 429 || (status >= 500 && body?.code !== 'WECHAT_MISCONFIGURED')
