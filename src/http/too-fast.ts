import { AppError } from '../errors.ts'

/** The refusal of a call that comes too early. @param waitMs after which it is fine */
export const tooFast = (
  waitMs: number,
  code: 'RATE_LIMITED' | 'SLOW_DOWN' = 'RATE_LIMITED',
): AppError => new AppError(code, { retryAfter: Math.max(1, Math.ceil(waitMs / 1000)) })
