import swagger, { type SwaggerTransform, type SwaggerTransformObject } from '@fastify/swagger'
import fp from 'fastify-plugin'
import type { Audience } from '../audience.ts'

/** A route's tag in the document is its audience. */
const TAGS: Record<Audience, { name: string; description: string }> = {
  browser: { name: 'browser', description: 'What a page calls' },
  phone: { name: 'phone', description: 'What a mini program calls' },
  site: { name: 'site', description: "What a website's server calls" },
  wechat: { name: 'wechat', description: 'What WeChat calls' },
  operator: { name: 'operating', description: 'What an operator calls' },
}

/** The API's document (OpenAPI 3.1) from the routes' own schemas. */
export const openapi = fp<{ publicUrl: string; version: string }>(
  async (app, { publicUrl, version }) => {
    const used = new Set<Audience>()
    app.addHook('onRoute', ({ schema, config }) => {
      if (config?.audience && schema?.hide !== true) used.add(config.audience)
    })
    await app.register(swagger, {
      transform: tagged,
      transformObject: (document) => withTags(withOptionalBody(document), used),
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'ScenePass',
          version,
          description: 'Sign in to a website by scanning a WeChat mini program code.',
          license: { name: 'MIT', identifier: 'MIT' },
        },
        servers: [{ url: publicUrl }],
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
  },
  { name: 'openapi' },
)

const tagged: SwaggerTransform = ({ schema, url, route }) => {
  const audience = route.config?.audience
  return { schema: audience ? { ...schema, tags: [TAGS[audience].name] } : schema, url }
}

type OpenApi = ReturnType<SwaggerTransformObject>

const BEGINNINGS = ['/ticket', '/sign-in/{uid}/ticket', '/d/{user_code}/ticket']

/** Every body is required to the generator, but a ticket may be created without one. */
function withOptionalBody(document: Parameters<SwaggerTransformObject>[0]): OpenApi {
  if (!('openapiObject' in document)) throw new TypeError('not an OpenAPI 3 document')
  const { openapiObject } = document
  for (const path of BEGINNINGS) {
    const body = openapiObject.paths?.[path]?.post?.requestBody
    if (body && 'content' in body) body.required = false
  }
  return openapiObject
}

const withTags = (document: OpenApi, used: Set<Audience>): OpenApi => ({
  ...document,
  tags: (Object.keys(TAGS) as Audience[]).filter((who) => used.has(who)).map((who) => TAGS[who]),
})
