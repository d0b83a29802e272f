import { presentable, shorten } from './shorten.ts'

/** A request and its answer, as they may be shown. */
export type Exchange = {
  who: 'browser' | 'phone' | 'app' | 'device'
  method: string
  path: string
  /** HTTP's; 0 where there was no answer. */
  status: number
  authorization: string
  request: string
  answer: string
}

type Scope = Window & typeof globalThis

/** Tells of every call of a window's `fetch` from now on; the calls themselves stay as they are. */
export function watchFetch(
  scope: Scope,
  who: Exchange['who'],
  tell: (exchange: Exchange) => void,
): void {
  const original = scope.fetch.bind(scope)
  scope.fetch = async (input, init = {}) => {
    const asked = typeof input === 'object' && 'url' in input ? input.url : String(input)
    const authorization = new Headers(init.headers).get('authorization') ?? ''
    const exchange = {
      who,
      method: init.method ?? 'GET',
      path: new URL(asked, scope.location.href).pathname,
      authorization: authorization.replace(/\S+$/, shorten),
      request: typeof init.body === 'string' ? presentable(init.body) : '',
    }
    try {
      const response = await original(input, init)
      void tellOf(response.clone())
      return response
    } catch (error) {
      tell({ ...exchange, status: 0, answer: '' })
      throw error
    }

    async function tellOf(response: Response): Promise<void> {
      const { status } = response
      // The caller may have aborted while the body was on its way.
      const answer = await response.text().then(presentable, () => '…')
      tell({ ...exchange, status, answer })
    }
  }
}

/** Tells of every code that an `<img>` of the page has loaded, which no `fetch` does. */
export function watchCodes(tell: (exchange: Exchange) => void): void {
  const observer = new PerformanceObserver((entries) => {
    for (const entry of entries.getEntries() as PerformanceResourceTiming[]) {
      const { pathname } = new URL(entry.name)
      if (!pathname.endsWith('/qrcode') || entry.initiatorType !== 'img') continue
      const { decodedBodySize: size, responseStatus } = entry as typeof entry & {
        /** Not in every browser. */
        responseStatus?: number
      }
      tell({
        who: 'browser',
        method: 'GET',
        path: pathname,
        status: responseStatus ?? (size > 0 ? 200 : 0),
        authorization: '',
        request: '',
        answer: size > 0 ? `image, ${(size / 1024).toFixed(1)} KB` : '',
      })
    }
  })
  observer.observe({ type: 'resource', buffered: true })
}

/** Tells of every call that the confirm page makes, which knows no `fetch`; of bodies there is no word. */
export function watchXhr(scope: Scope, tell: (exchange: Exchange) => void): void {
  const observer = new scope.PerformanceObserver((entries) => {
    for (const entry of entries.getEntries() as PerformanceResourceTiming[]) {
      if (entry.initiatorType !== 'xmlhttprequest') continue
      const { responseStatus = 0 } = entry as typeof entry & { responseStatus?: number }
      const { pathname } = new URL(entry.name)
      const exchange = { path: pathname, status: responseStatus, authorization: '' }
      tell({ ...exchange, who: 'phone', method: 'POST', request: '', answer: '' })
    }
  })
  observer.observe({ type: 'resource', buffered: true })
}
