/**
 * Who calls a route. CORS, load shedding, the log's level, a stop in progress and the tags of the
 * API's document follow from it.
 */
export type Audience = 'browser' | 'phone' | 'site' | 'wechat' | 'operator'

declare module 'fastify' {
  interface FastifyContextConfig {
    audience?: Audience
    /** Asked thousands of times a second, and answered in milliseconds. */
    poll?: true
    /** No page of another site may call it, whatever its audience. */
    cors?: false
  }
}
