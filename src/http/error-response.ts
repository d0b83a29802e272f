import type { FastifyBaseLogger, FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { STATUS_CODES } from 'node:http'
import { isUnavailable } from '../db/unavailable.ts'
import { AppError } from '../errors.ts'
import type { Language } from '../language.ts'
import { PAGE_POLICY, policyText } from '../page-policy.ts'
import { about, isDebug, sceneOf } from '../telemetry/ticket-events.ts'
import { languageOf, varyBy } from './negotiation.ts'
import type { ErrorPage } from './pages/error-page.ts'

/** Any error as one of the catalogue. What is not foreseen is `INTERNAL`. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  const { code, statusCode, validation, validationContext, message } = error as FastifyError
  if (validation) {
    // No ticket has a name of that shape, so a path with one is simply unknown.
    if (validationContext === 'params') return new AppError('TICKET_NOT_FOUND')
    return new AppError('INVALID_REQUEST', { detail: message, cause: error })
  }
  // Longer than the router reads a parameter: no ticket has that name either.
  if (code === 'FST_ERR_MAX_PARAM_LENGTH') return new AppError('TICKET_NOT_FOUND')
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new AppError('UNSUPPORTED_MEDIA_TYPE')
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new AppError('BODY_TOO_LARGE')
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new AppError('INVALID_REQUEST', { detail: message, cause: error })
  }
  if (isUnavailable(error)) return new AppError('DATABASE_UNAVAILABLE', { cause: error })
  return new AppError('INTERNAL', { cause: error })
}

/**
 * The one place that decides what leaves the process when something goes wrong: below 500 the code
 * and its message, from 500 up a fixed sentence and the request id. The rest goes to the log.
 *
 * @param page for a caller who reads it; by default the answer is JSON
 */
export function sendError(
  error: AppError,
  request: FastifyRequest,
  reply: FastifyReply,
  log: FastifyBaseLogger,
  page?: ErrorPage,
): void {
  logError(error, request, log)
  if (error.retryAfter !== undefined) reply.header('retry-after', Math.ceil(error.retryAfter))
  if (error.code === 'BAD_SECRET') reply.header('www-authenticate', 'Bearer')
  varyBy(reply, 'accept-language')
  reply.code(error.statusCode).header('cache-control', 'no-store')
  if (page) {
    const language = languageOf(request, 'zh')
    reply.headers(PAGE_HEADERS).type('text/html; charset=utf-8').send(page(error, language))
    return
  }
  reply
    .type('application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(errorBody(error, languageOf(request, 'en'), request.id))
}

/** As strict as those of every other page: an unknown path is no route, so no plugin sets them. */
const PAGE_HEADERS = {
  'content-security-policy': policyText(PAGE_POLICY),
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
}

function logError(error: AppError, request: FastifyRequest, log: FastifyBaseLogger): void {
  const { code, detail, action, cause } = error
  if (error.statusCode >= 500) {
    const line = { ...about(request, sceneOf(request)), code, action, err: cause ?? error }
    log.error(line, 'request failed')
  } else if (isDebug(log)) {
    log.debug({ ...about(request, sceneOf(request)), code, detail }, 'request refused')
  }
}

export function errorBody(error: AppError, language: Language, requestId: string): object {
  return {
    statusCode: error.statusCode,
    code: error.code,
    error: STATUS_CODES[error.statusCode],
    message: error.publicMessage(language),
    ...(error.statusCode >= 500 ? { request_id: requestId } : {}),
  }
}
