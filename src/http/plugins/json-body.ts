import { isUtf8 } from 'node:buffer'
import fp from 'fastify-plugin'
import { AppError } from '../../errors.ts'

/**
 * Reads JSON bodies strictly: uncompressed, valid UTF-8 only, no keys that reach for a prototype, and no body at
 * all where a caller announces JSON but sends nothing.
 */
export const jsonBody = fp(
  async (app) => {
    const parse = app.getDefaultJsonParser('error', 'error')
    app.removeAllContentTypeParsers()
    app.addContentTypeParser<Buffer>(
      'application/json',
      { parseAs: 'buffer' },
      (request, body, done) => {
        if (request.headers['content-encoding'] !== undefined) {
          return done(new AppError('UNSUPPORTED_MEDIA_TYPE'))
        }
        if (body.length === 0) return done(null, undefined)
        if (!isUtf8(body)) {
          return done(new AppError('INVALID_REQUEST', { detail: 'the body is not valid UTF-8' }))
        }
        return parse(request, body.toString('utf8'), done)
      },
    )
  },
  { name: 'json-body' },
)
