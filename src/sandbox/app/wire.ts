import { presentable, presentableForm, shorten } from '../demo/shorten.ts'
import type { Exchange } from '../demo/watch.ts'

const LIMIT_MS = 10_000

export type Said = { ok: boolean; body: Record<string, unknown> }
export type Request = { form?: Record<string, string>; bearer?: string }

/**
 * Calls the provider, and tells of it.
 *
 * @returns asks; an answer that did not come is the error `no_answer`
 */
export const createWire =
  (tell: (exchange: Exchange) => void) =>
  async (who: 'app' | 'device', path: string, { form, bearer }: Request = {}): Promise<Said> => {
    const exchange = {
      who,
      method: form ? 'POST' : 'GET',
      path,
      authorization: bearer === undefined ? '' : `Bearer ${shorten(bearer)}`,
      request: form ? presentableForm(form) : '',
    }
    try {
      const response = await fetch(path, {
        method: exchange.method,
        signal: AbortSignal.timeout(LIMIT_MS),
        ...(form && { body: new URLSearchParams(form) }),
        ...(bearer !== undefined && { headers: { authorization: `Bearer ${bearer}` } }),
      })
      const text = await response.text()
      tell({ ...exchange, status: response.status, answer: presentable(text) })
      return { ok: response.ok, body: JSON.parse(text) as Said['body'] }
    } catch {
      tell({ ...exchange, status: 0, answer: '' })
      return { ok: false, body: { error: 'no_answer' } }
    }
  }
