import type { ErrorCode } from '../errors.ts'

/** The errors that several routes have in common. */

export const wechatErrors = [
  'WECHAT_ERROR',
  'WECHAT_MISCONFIGURED',
  'WECHAT_BUSY',
  'WECHAT_TIMEOUT',
] as const satisfies ErrorCode[]

export const loginCodeErrors = [
  'LOGIN_CODE_INVALID',
  'LOGIN_CODE_USED',
  'WECHAT_USER_BLOCKED',
  'WECHAT_USER_RATE_LIMITED',
  ...wechatErrors,
] as const satisfies ErrorCode[]

export const goneErrors = [
  'TICKET_EXPIRED',
  'TICKET_DENIED',
  'TICKET_CANCELED',
  'TICKET_CONSUMED',
] as const satisfies ErrorCode[]

/** Of what WeChat makes for a ticket. */
export const keptErrors = [
  'TICKET_NOT_FOUND',
  ...goneErrors,
  ...wechatErrors,
  'RATE_LIMITED',
] as const satisfies ErrorCode[]

export const bodyErrors = [
  'BODY_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
] as const satisfies ErrorCode[]

/** Of every call that a phone makes about a ticket. */
export const phoneErrors = [
  ...bodyErrors,
  'ORIGIN_NOT_ALLOWED',
  ...loginCodeErrors,
  'TICKET_NOT_FOUND',
  'SCANNED_BY_ANOTHER',
  'ALREADY_CONFIRMED',
  ...goneErrors,
  'RATE_LIMITED',
] as const satisfies ErrorCode[]
