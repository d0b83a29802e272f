import type { FastifyBaseLogger, FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../../errors.ts'
import { sendError, toAppError } from '../error-response.ts'
import { varyBy, wantsHtml } from '../negotiation.ts'
import type { ErrorPage } from '../pages/error-page.ts'
import { pathOf, patternOf } from '../route-pattern.ts'

export type ErrorHandlerOptions = {
  /** By default the app's own; the service's app has none. */
  log?: FastifyBaseLogger
  /** Called for every unknown path; throws when its caller asks for too many of them. */
  onUnknownPath?: (request: FastifyRequest) => void
  /** The milliseconds that an answer is held back; by default none. */
  pauseBefore?: (error: AppError, request: FastifyRequest) => number
  /** For people who open an address in a browser; by default they get JSON as programs do. */
  page?: ErrorPage
}

/** Answers every error, every unknown path and every wrong method out of the catalogue. */
export const errorHandler = fp<ErrorHandlerOptions>(
  async (app, options) => {
    const { log = app.log } = options
    const routes: { pattern: RegExp; method: string }[] = []
    app.addHook('onRoute', ({ url, method }) => {
      if (url.includes('*') || method === 'OPTIONS') return
      for (const name of [method].flat()) routes.push({ pattern: patternOf(url), method: name })
    })

    function pageFor(request: FastifyRequest, reply: FastifyReply): ErrorPage | undefined {
      if (!options.page || (request.method !== 'GET' && request.method !== 'HEAD')) return undefined
      varyBy(reply, 'accept')
      return wantsHtml(request) ? options.page : undefined
    }

    app.setErrorHandler<FastifyError>((error, request, reply) => {
      const known = toAppError(error)
      const pause = options.pauseBefore?.(known, request) ?? 0
      const answer = () => sendError(known, request, reply, log, pageFor(request, reply))
      return pause === 0 ? answer() : sleep(pause).then(answer)
    })

    app.setNotFoundHandler((request, reply) => {
      const path = pathOf(request.url)
      const methods = routes.filter((r) => r.pattern.test(path)).map((r) => r.method)
      if (methods.length > 0) {
        reply.header('allow', [...new Set(methods)].sort().join(', '))
        throw new AppError('METHOD_NOT_ALLOWED')
      }
      options.onUnknownPath?.(request)
      throw new AppError('NOT_FOUND')
    })
  },
  { name: 'error-handler' },
)
