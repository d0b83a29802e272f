import { unexpected } from './failures.ts'

/** WeChat's own ids have 28 characters; the tables take 128. */
const ID_PATTERN = /^\P{Cc}{1,128}$/u

export const isId = (text: string): boolean => ID_PATTERN.test(text)

/** The unionid in an answer; null where WeChat gives none. @throws {AppError} `WECHAT_ERROR` */
export function unionidIn({ unionid }: Record<string, unknown>): string | null {
  if (typeof unionid !== 'string' || unionid === '') return null
  if (!isId(unionid)) throw unexpected('a unionid that is none')
  return unionid
}
