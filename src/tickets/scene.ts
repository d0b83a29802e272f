import { hash } from 'node:crypto'
import { newScene } from './secret.ts'

const RANDOM_LENGTH = newScene().length
const SEAL_LENGTH = 4
const HASH_DIGITS = 32

/**
 * A scene that the service issues: a random one and its seal, 26 characters. The seal follows from the
 * rest and is no secret. It is there so that a browser cannot choose a scene that may have been issued
 * at any time before, without a row for each of them.
 */
export function issueScene(): string {
  const random = newScene()
  return random + sealOf(random)
}

/** Whether a scene may be one that the service issued. Of others, one in 17 million of this length. */
export const isIssued = (scene: string): boolean =>
  scene.length === RANDOM_LENGTH + SEAL_LENGTH &&
  scene.endsWith(sealOf(scene.slice(0, RANDOM_LENGTH)))

/**
 * How a chosen scene is remembered: the first 16 bytes of its SHA-256, as hexadecimal digits. Two
 * scenes with one hash would cost their second chooser a refusal, and nothing else.
 */
export const hashScene = (scene: string): string =>
  hash('sha256', scene, 'hex').slice(0, HASH_DIGITS)

const sealOf = (random: string): string =>
  hash('sha256', `scenepass ${random}`, 'base64url').slice(0, SEAL_LENGTH)
