import type { Dispatcher } from 'undici'

/** A code image has some 200 kB; an answer beyond this is not WeChat's. */
export const MAX_BYTES = 1024 * 1024

/** `hasLeft`: a request over a connection. `isLate`: the time was up. */
export type Failure = { error: unknown; hasLeft: boolean; isLate: boolean }

/**
 * Sends one request, and reads the answer. By undici's dispatcher itself: its `request()` makes a stream
 * of each body, and listeners of each limit.
 *
 * @returns the whole body, or undefined where it is beyond `MAX_BYTES`
 * @throws {Failure}
 */
export function exchange(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  timeoutMs: number,
): Promise<{ status: number; bytes: Buffer | undefined }> {
  return new Promise((resolve, reject: (failure: Failure) => void) => {
    let connection: Dispatcher.DispatchController | undefined
    let isOver = false
    let status = 0
    const chunks: Buffer[] = []
    let length = 0

    const fail = (error: unknown, isLate = false) => {
      isOver = true
      clearTimeout(timer)
      reject({ error, hasLeft: connection !== undefined, isLate })
    }
    const giveUp = () => {
      const late = new Error('the time is up')
      fail(late, true)
      connection?.abort(late)
    }
    const timer = setTimeout(giveUp, timeoutMs)
    const end = (bytes: Buffer | undefined) => {
      isOver = true
      clearTimeout(timer)
      resolve({ status, bytes })
    }
    dispatcher.dispatch(request, {
      onRequestStart(controller) {
        // It has waited for a connection until its time was up.
        if (isOver) return controller.abort(new Error('the time is up'))
        connection = controller
      },
      onResponseStart(_, statusCode) {
        status = statusCode
      },
      onResponseData(controller, chunk) {
        length += chunk.length
        if (length <= MAX_BYTES) return void chunks.push(chunk)
        end(undefined)
        controller.abort(new Error('the answer is too large'))
      },
      onResponseEnd: () => end(Buffer.concat(chunks, length)),
      onResponseError: (_, error) => fail(error),
    })
  })
}
