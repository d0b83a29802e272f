import { Duplex } from 'node:stream'
import type { ToDatabase } from './messages.ts'

type Done = (error?: Error | null) => void

/**
 * A session with the embedded database in the shape of node-postgres' socket. What it writes goes out
 * as messages; what comes back is pushed.
 */
export class Line extends Duplex {
  readonly #session: number
  readonly #send: ((message: ToDatabase, done?: Done) => void) | null

  /** @param send null: there is no database to connect to now */
  constructor(session: number, send: ((message: ToDatabase, done?: Done) => void) | null) {
    super()
    this.#session = session
    this.#send = send
  }

  connect(): this {
    queueMicrotask(() => {
      if (this.#send) this.emit('connect')
      else this.destroy(lost('ECONNREFUSED', 'the embedded database is being started again'))
    })
    return this
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#send?.({ say: 'data', session: this.#session, bytes: chunk }, done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer' as BufferEncoding, done)
  }

  override _read(): void {}

  override _final(done: Done): void {
    this.push(null)
    done()
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#send?.({ say: 'hang up', session: this.#session })
    done(error)
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }
}

/** As the operating system says it of a connection. */
export const lost = (code: 'ECONNREFUSED' | 'ECONNRESET', message: string): Error =>
  Object.assign(new Error(message), { code })
