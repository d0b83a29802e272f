import swagger, { type SwaggerTransformObject } from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'

/** `/openapi.json` (OpenAPI 3.1) from the routes' own schemas. */
export const openapi = fp<{ publicUrl: string; version: string }>(
  async (app, { publicUrl, version }) => {
    await app.register(swagger, {
      transformObject,
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'ScenePass',
          version,
          description: 'Sign in to a website by scanning a WeChat mini program code.',
          license: { name: 'MIT', identifier: 'MIT' },
        },
        servers: [{ url: publicUrl }],
        tags: [
          { name: 'browser', description: 'What a page calls' },
          { name: 'phone', description: 'What a mini program calls' },
          { name: 'site', description: "What a website's server calls" },
          { name: 'operating', description: 'What an operator calls' },
        ],
        components: {
          securitySchemes: {
            secret: {
              type: 'http',
              scheme: 'bearer',
              description: 'The secret that POST /ticket returned',
            },
          },
        },
      },
    })
    app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  },
  { name: 'openapi' },
)

/** `/docs`: a page to read it. */
export const docsPage: FastifyPluginAsync = async (app) => {
  await app.register(swaggerUi, { routePrefix: '/docs', theme: { title: 'ScenePass API' } })
}

/** Every body is required to the generator, but a ticket may be created without one. */
const transformObject: SwaggerTransformObject = (document) => {
  if (!('openapiObject' in document)) throw new TypeError('not an OpenAPI 3 document')
  const { openapiObject } = document
  const body = openapiObject.paths?.['/ticket']?.post?.requestBody
  if (body && 'content' in body) body.required = false
  return openapiObject
}
