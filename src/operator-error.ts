import { inspect } from 'node:util'
import type { Words } from './language.ts'

/**
 * A failure that the operator can mend: what is wrong, with which setting, and the way out, in both
 * languages. Its message is the English one.
 */
export class OperatorError extends Error {
  readonly words: Words

  constructor(words: Words, options?: ErrorOptions) {
    super(words.en, options)
    this.name = 'OperatorError'
    this.words = words
  }
}

/**
 * Any thrown value in words, without its stack: libraries reject with plain objects, with errors that
 * have no message, and with several at once.
 */
export function messageOf(error: unknown): string {
  if (typeof error === 'string') return error
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join(', ')
  }
  if (error instanceof Error) {
    const { code } = error as NodeJS.ErrnoException
    return error.message || (typeof code === 'string' ? code : error.name)
  }
  return inspect(error, { depth: 2, breakLength: Infinity })
}

/** The same for the operator, who reads Chinese or English. */
export const wordsOf = (error: unknown): Words =>
  error instanceof OperatorError
    ? error.words
    : { en: messageOf(error), zh: '出错了，原因（英文）见下一行。' }
