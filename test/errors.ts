import t from 'tap'
import { AppError, catalogue, type ErrorCode } from '../src/errors.ts'

/** The contract's list. Codes are the API: to change one is to break somebody's program. */
const contract: Record<number, string[]> = {
  400: ['INVALID_REQUEST', 'LOGIN_CODE_INVALID', 'LOGIN_CODE_USED'],
  401: ['BAD_SECRET'],
  403: ['WECHAT_USER_BLOCKED', 'MATCH_CODE_WRONG', 'PUSH_REFUSED', 'ORIGIN_NOT_ALLOWED'],
  404: ['TICKET_NOT_FOUND', 'NOT_FOUND'],
  405: ['METHOD_NOT_ALLOWED'],
  409: ['SCENE_TAKEN', 'SCANNED_BY_ANOTHER', 'ALREADY_CONFIRMED'],
  410: ['TICKET_EXPIRED', 'TICKET_DENIED', 'TICKET_CANCELED', 'TICKET_CONSUMED'],
  413: ['BODY_TOO_LARGE'],
  415: ['UNSUPPORTED_MEDIA_TYPE'],
  429: ['SLOW_DOWN', 'RATE_LIMITED', 'WECHAT_USER_RATE_LIMITED'],
  500: ['INTERNAL'],
  502: ['WECHAT_ERROR', 'WECHAT_MISCONFIGURED'],
  503: ['WECHAT_BUSY', 'DATABASE_UNAVAILABLE', 'SHUTTING_DOWN', 'OVERLOADED'],
  504: ['WECHAT_TIMEOUT'],
}

const entries = Object.entries(catalogue) as [ErrorCode, (typeof catalogue)[ErrorCode]][]

t.test('the catalogue is the list of the contract, neither more nor less', async (t) => {
  const actual: Record<number, string[]> = {}
  for (const [code, { status }] of entries) (actual[status] ??= []).push(code)
  const sorted = (list: Record<number, string[]>) =>
    Object.fromEntries(Object.entries(list).map(([status, codes]) => [status, codes.toSorted()]))
  t.strictSame(sorted(actual), sorted(contract))
})

t.test('every message says in both languages what happened and what to do about it', async (t) => {
  const advice = {
    en: /\b(send|call|wait|try again|refresh|correct|create|leave the|start again|can ask|can read|lists|says what to)\b/i,
    zh: /请|见|可联系|需由/,
  }
  for (const [code, entry] of entries) {
    t.match(entry.en, /^[\x20-\x7e]{20,}\.$/, `${code} is a sentence in English`)
    t.match(entry.zh, /[\u4e00-\u9fff].*。$/s, `${code} is a sentence in Chinese`)
    t.match(entry.en, advice.en, `${code} says what to do in English`)
    t.match(entry.zh, advice.zh, `${code} says what to do in Chinese`)
  }
})

t.test('whoever is asked to come back later is told when', async (t) => {
  for (const [code, entry] of entries) {
    const error = new AppError(code)
    if (entry.status === 429 || entry.status === 503) {
      t.ok(Number.isInteger(error.retryAfter) && Number(error.retryAfter) > 0, code)
    } else {
      t.equal(error.retryAfter, undefined, code)
    }
  }
  t.equal(new AppError('SLOW_DOWN', { retryAfter: 7 }).retryAfter, 7, 'the thrower knows better')
})

t.test('only an invalid request has a detail in its message, taken literally', async (t) => {
  for (const [code, { en, zh }] of entries) {
    t.equal(en.includes('{'), code === 'INVALID_REQUEST', code)
    t.equal(zh.includes('{'), code === 'INVALID_REQUEST', code)
  }
  const error = new AppError('INVALID_REQUEST', { detail: "body/scene $& $' {detail}" })
  for (const language of ['en', 'zh'] as const) {
    t.match(error.publicMessage(language), "body/scene $& $' {detail}")
  }
})

t.test('cause and action are for the log, never for the message', async (t) => {
  const cause = new Error('password=hunter2')
  const error = new AppError('WECHAT_ERROR', { cause, action: 'Look at the moon.' })
  t.match(error, { name: 'AppError', code: 'WECHAT_ERROR', statusCode: 502, cause })
  t.notMatch(error.publicMessage('en') + error.publicMessage('zh'), /hunter2|moon/)
})
