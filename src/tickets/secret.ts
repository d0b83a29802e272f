import { hash, timingSafeEqual } from 'node:crypto'
import { nanoid } from 'nanoid'

/** 43 characters of 6 bits: 258 random bits, what only the browser that asked ever holds. */
export const newSecret = (): string => nanoid(43)

/** 22 characters of 6 bits: 132 random bits, within the 32 characters that WeChat allows. */
export const newScene = (): string => nanoid(22)

/**
 * How a secret is known to us: SHA-256, 64 hexadecimal digits. It is random, so a plain hash is
 * enough: there is nothing to guess. Hexadecimal because Node hashes to text in a third of the time
 * that it takes to make a buffer, and every poll pays for this.
 */
export const hashSecret = (secret: string): string => hash('sha256', secret, 'hex')

const left = Buffer.alloc(64)
const right = Buffer.alloc(64)

/** In constant time. Fails closed on anything that is not two SHA-256 hashes. */
export function sameHash(a: string, b: string): boolean {
  if (a.length !== 64 || b.length !== 64) return false
  left.write(a, 'latin1')
  right.write(b, 'latin1')
  return timingSafeEqual(left, right)
}
