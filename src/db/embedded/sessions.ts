import type { PGlite } from '@electric-sql/pglite'

/** Query, Sync and Flush: the messages after which a client waits for its answer. */
const ENDS_OF_TURNS: ReadonlySet<number> = new Set(Buffer.from('QSH'))

export type Sessions = {
  /** Bytes of a client. */
  hear(session: number, bytes: Uint8Array): void
  /** Its client is gone: what it has begun is rolled back. */
  end(session: number): void
  /** Runs statements between those of the client, unless it is inside a transaction: then null. */
  between(text: string): Buffer | null
}

/**
 * Speaks PostgreSQL's protocol with one client at a time; a new one ends the session of the one
 * before. PGlite has one backend for all, so what a session leaves behind is cleared away.
 *
 * @param say called with what the client is to be sent
 */
export function createSessions(
  database: PGlite,
  say: (session: number, bytes: Uint8Array) => void,
): Sessions {
  let current = 0
  let begun = false
  let heard = Buffer.alloc(0)

  /** PGlite answers before this returns; a longer answer comes in several parts. */
  function run(message: Uint8Array, onBytes: (bytes: Buffer) => void): void {
    // What it hands out is its own memory, which the next part overwrites.
    void database.execProtocolRawStream(message, {
      syncToFs: false,
      onRawData: (bytes) => onBytes(Buffer.from(bytes)),
    })
  }

  function ask(text: string): Buffer {
    const parts: Buffer[] = []
    run(simpleQuery(text), (bytes) => void parts.push(bytes))
    return Buffer.concat(parts)
  }

  function clear(): void {
    if (!begun) return
    begun = false
    if (database.isInTransaction()) ask('rollback')
    ask('discard all')
  }

  /** Runs what is there of whole turns. */
  function runTurns(): void {
    for (;;) {
      const length = lengthOfTurn(heard, begun)
      if (length === null) return
      const turn = heard.subarray(0, length)
      heard = heard.subarray(length)
      begun = true
      // One message to the client for each turn, unless its answer is long.
      const parts: Buffer[] = []
      run(turn, (bytes) => void parts.push(bytes))
      say(current, parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts))
    }
  }

  return {
    hear(session, bytes) {
      if (session < current) return
      if (session > current) {
        clear()
        current = session
        heard = Buffer.alloc(0)
      }
      heard = heard.length === 0 ? Buffer.from(bytes) : Buffer.concat([heard, bytes])
      runTurns()
    },
    end(session) {
      if (session !== current) return
      clear()
      heard = Buffer.alloc(0)
      current++
    },
    between: (text) => (database.isInTransaction() ? null : ask(text)),
  }
}

/**
 * How many bytes there are up to the end of a turn, which is the last whole message that asks for an
 * answer; null while there is none. A session begins with a message that has no type before its length.
 */
function lengthOfTurn(heard: Buffer, begun: boolean): number | null {
  const head = begun ? 5 : 4
  let turn: number | null = null
  for (let at = 0; at + head <= heard.length;) {
    const end = at + head - 4 + heard.readUInt32BE(at + head - 4)
    if (end > heard.length) break
    if (!begun) return end
    if (ENDS_OF_TURNS.has(heard[at] as number)) turn = end
    at = end
  }
  return turn
}

function simpleQuery(text: string): Buffer {
  const message = Buffer.alloc(6 + Buffer.byteLength(text))
  message.write('Q')
  message.writeUInt32BE(message.length - 1, 1)
  message.write(text, 5)
  return message
}
