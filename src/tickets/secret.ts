import { createHash, timingSafeEqual } from 'node:crypto'
import { nanoid } from 'nanoid'

/** 43 characters of 6 bits: 258 random bits, what only the browser that asked ever holds. */
export const newSecret = (): string => nanoid(43)

/** 22 characters of 6 bits: 132 random bits, within the 32 characters that WeChat allows. */
export const newScene = (): string => nanoid(22)

/** How a secret is kept. It is random, so a plain hash is enough: there is nothing to guess. */
export const hashSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/** In constant time. Fails closed on anything that is not two SHA-256 hashes. */
export const sameHash = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === 32 && b.length === 32 && timingSafeEqual(a, b)
