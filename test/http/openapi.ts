import { Validator } from '@seriousme/openapi-schema-validator'
import t, { type Test } from 'tap'
import { Compile } from 'typebox/schema'
import { catalogue } from '../../src/errors.ts'
import { startApp } from '../fixtures/app.ts'
import { call, clientOf, type Answer, type Json } from '../fixtures/network/client.ts'

const { url } = await startApp(t, {
  rates: { create: 9, phone: 100_000 },
  urlLink: true,
  oidc: {},
})
const client = clientOf(url)
const { body: document } = await call(`${url}/openapi.json`)

/** The contract: every route of it, with every status it can have besides those of all routes. */
const every = [400, 500, 503]
const withBody = [413, 415]
const phone = [200, 403, 404, 409, 410, 429, 502, 504, ...withBody]
const routes: Record<string, Record<string, number[]>> = {
  '/ticket': { post: [201, 403, 409, 429, ...withBody] },
  '/ticket/{scene}': {
    get: [200, 401, 404, 429],
    delete: [204, 401, 403, 404, 409, 410, 429, ...withBody],
  },
  '/ticket/{scene}/qrcode': { get: [200, 404, 410, 429, 502, 504] },
  '/ticket/{scene}/link': { get: [200, 404, 410, 429, 502, 504] },
  '/ticket/{scene}/scan': { post: phone },
  '/ticket/{scene}/deny': { post: phone },
  '/login': { post: phone },
  '/sign-in/{uid}/ticket': { post: [201, 403, 409, 429, ...withBody] },
  '/d/{user_code}/ticket': { post: [201, 403, 404, 409, 410, 429, ...withBody] },
  '/wechat/events': { get: [200, 403], post: [200, 403, 413] },
  '/.well-known/jwks.json': { get: [200] },
  '/livez': { get: [200] },
  '/readyz': { get: [200] },
}

const operations = Object.entries(document.paths as Json).flatMap(([path, methods]) =>
  Object.entries(methods as Json).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    operation: operation as Json,
  })),
)

t.test('it is a valid document of OpenAPI 3.1', async (t) => {
  t.match(document.openapi, /^3\.1\./)
  const result = await new Validator().validate(structuredClone(document))
  t.strictSame(result.valid ? [] : result.errors, [])
  const broken = { ...structuredClone(document), paths: { nonsense: 1 } }
  t.equal((await new Validator().validate(broken)).valid, false, 'the validator works')
  t.strictSame(document.servers, [{ url }])
})

t.test('it has every route of the contract with every status, and no other', async (t) => {
  const actual: Record<string, Record<string, number[]>> = {}
  for (const [path, methods] of Object.entries(document.paths as Json)) {
    for (const [method, { responses }] of Object.entries(methods as Json) as [string, Json][]) {
      const statuses = Object.keys(responses).map(Number)
      ;(actual[path] ??= {})[method] = statuses.toSorted((a, b) => a - b)
    }
  }
  const expected = Object.fromEntries(
    Object.entries(routes).map(([path, methods]) => [
      path,
      Object.fromEntries(
        Object.entries(methods).map(([method, statuses]) => [
          method,
          [...statuses, ...every].toSorted((a, b) => a - b),
        ]),
      ),
    ]),
  )
  t.strictSame(actual, expected)
})

t.test('what is sent is described: scene, secret and bodies', async (t) => {
  for (const { name, operation } of operations) {
    t.ok(operation.summary, name)
    const inPath = (operation.parameters ?? []).filter((p: Json) => p.in === 'path')
    t.strictSame(
      inPath.map((p: Json) => [p.name, p.required]),
      [...name.matchAll(/{(\w+)}/g)].map(([, parameter]) => [parameter, true]),
      name,
    )
  }
  const scheme = document.components.securitySchemes
  const secured = operations.filter(({ operation }) => operation.security?.length > 0)
  t.strictSame(
    secured.map(({ name }) => name),
    ['GET /ticket/{scene}', 'DELETE /ticket/{scene}'],
  )
  for (const { operation } of secured) {
    t.match(scheme[Object.keys(operation.security[0])[0] as string], {
      type: 'http',
      scheme: 'bearer',
    })
  }
  const bodyOf = (path: string) => document.paths[path].post.requestBody
  t.strictSame(bodyOf('/login').content['application/json'].schema.required, ['code'])
  t.equal(bodyOf('/login').required, true)
  for (const path of Object.keys(document.paths).filter((path) => path.endsWith('/ticket'))) {
    t.not(bodyOf(path).required, true, `${path}: a ticket needs no body`)
  }
})

t.test('every error code that a route can give is there, under its status', async (t) => {
  const seen = new Set<string>()
  for (const { name, operation } of operations) {
    for (const [status, response] of Object.entries(operation.responses) as [string, Json][]) {
      if (Number(status) < 400) continue
      const schema = response.content['application/json'].schema
      for (const code of schema.properties.code.enum as (keyof typeof catalogue)[]) {
        seen.add(code)
        t.equal(catalogue[code].status, Number(status), `${name}: ${code}`)
      }
      const required = ['statusCode', 'code', 'error', 'message']
      if (Number(status) >= 500) required.push('request_id')
      t.strictSame(schema.required.toSorted(), required.toSorted(), name)
    }
  }
  // It belongs to no route: the method is what is unknown.
  const rest = Object.keys(catalogue).filter((code) => code !== 'METHOD_NOT_ALLOWED')
  t.strictSame([...seen].toSorted(), rest.toSorted())
})

t.test('every example is valid', async (t) => {
  let examples = 0
  const walk = (node: Json, at: string): void => {
    if (typeof node !== 'object' || node === null) return
    const given = [...(node.examples ?? []), ...('example' in node ? [node.example] : [])]
    for (const example of given) {
      examples++
      t.ok(Compile(node.schema ?? node).Check(example), `${at}: ${JSON.stringify(example)}`)
    }
    for (const [key, value] of Object.entries(node)) walk(value, `${at}/${key}`)
  }
  walk(document, '#')
  t.ok(examples > 10, `${examples} examples`)
})

/** What is wrong with an answer, seen from the document: its form, or what was not announced. */
function problems(method: string, path: string, answer: Answer<Json>): string[] {
  const response = document.paths[path]?.[method]?.responses[answer.status]
  if (!response) return [`${answer.status} is not in the document`]
  if (answer.status === 204) return answer.body === '' ? [] : ['204 has a body']
  const type = answer.headers.get('content-type')?.split(';')[0] ?? ''
  const schema = response.content?.[type]?.schema
  if (!schema) return [`${type} is not in the document`]
  if (type.startsWith('image/')) return []
  const validator = Compile(schema)
  if (!validator.Check(answer.body)) return [JSON.stringify(validator.Errors(answer.body))]
  return unnamed(schema, answer.body).map((key) => `${key} is not in the document`)
}

function follows(t: Test, method: string, path: string, answer: Answer<Json>): void {
  t.strictSame(problems(method, path, answer), [], `${method} ${path} → ${answer.status}`)
}

function unnamed(schema: Json, value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => unnamed(schema.items ?? {}, item))
  if (typeof value !== 'object' || value === null) return []
  const fitting = schema.anyOf?.find((each: Json) => Compile(each).Check(value)) ?? schema
  return Object.entries(value).flatMap(([key, inner]) => {
    const property = fitting.properties?.[key]
    return property ? unnamed(property, inner) : [key]
  })
}

t.test('the answers of a whole login are what the document says', async (t) => {
  const scene = '/ticket/{scene}'
  const created = await call(`${url}/ticket`, { json: {} })
  follows(t, 'post', '/ticket', created)
  for (const wrong of [{ scene: 7 }, { secret: undefined }, { extra: 1 }]) {
    const answer = { ...created, body: { ...created.body, ...wrong } }
    t.not(problems('post', '/ticket', answer).length, 0, 'the reader itself works')
  }
  const ticket = created.body
  const path = `${url}/ticket/${ticket.scene}`
  const login = async (user: string) =>
    follows(t, 'post', '/login', await client.login(ticket, user))
  const poll = async () => follows(t, 'get', scene, await client.poll(ticket))

  follows(t, 'get', `${scene}/qrcode`, await call(`${path}/qrcode`))
  follows(
    t,
    'get',
    `${scene}/qrcode`,
    await call(`${path}/qrcode`, { headers: { accept: 'application/json' } }),
  )
  follows(t, 'get', `${scene}/link`, await call(`${path}/link`))
  await poll()
  follows(t, 'post', `${scene}/scan`, await client.scan(ticket, 'alice'))
  await poll()
  follows(t, 'post', `${scene}/scan`, await client.scan(ticket, 'bob'))
  await login('alice')
  await login('alice')
  await login('bob')
  await poll()
  follows(t, 'delete', scene, await client.cancel(ticket))
  follows(t, 'get', `${scene}/qrcode`, await call(`${path}/qrcode`))
  follows(t, 'get', `${scene}/link`, await call(`${path}/link`))
  follows(t, 'post', '/login', await client.login(null, 'alice'))
  follows(t, 'get', '/.well-known/jwks.json', await call(`${url}/.well-known/jwks.json`))
  for (const health of ['/livez', '/readyz']) {
    follows(t, 'get', health, await call(url + health))
  }
})

t.test('so are refusals, and the other ends of a ticket', async (t) => {
  const scene = '/ticket/{scene}'
  const ticket = await client.create()
  follows(t, 'post', '/ticket', await call(`${url}/ticket`, { json: { scene: ticket.scene } }))
  follows(t, 'post', '/ticket', await call(`${url}/ticket`, { json: { scene: 7 } }))
  follows(t, 'get', scene, await call(`${url}/ticket/${ticket.scene}`))
  follows(t, 'get', scene, await call(`${url}/ticket/${'A1'.repeat(11)}`))
  for (let i = 0, status = 200; status === 200 && i < 50; i++) {
    const answer = await client.poll(ticket)
    status = answer.status
    if (status !== 200) follows(t, 'get', scene, answer)
  }
  follows(t, 'post', `${scene}/deny`, await client.deny(ticket, 'mallory'))
  follows(t, 'post', `${scene}/deny`, await client.deny(ticket, 'alice'))
  follows(t, 'post', `${scene}/deny`, await client.deny(ticket, 'alice'))
  follows(t, 'delete', scene, await client.cancel(ticket))
  const other = await client.create()
  const csv = { method: 'DELETE', headers: { 'content-type': 'text/csv' }, body: 'a,b' }
  follows(t, 'delete', scene, await call(`${url}/ticket/${other.scene}`, csv))
  follows(t, 'delete', scene, await client.cancel(other))
  const big = { json: { code: 'x'.repeat(17_000) } }
  follows(t, 'post', '/login', await call(`${url}/login`, big))
  follows(t, 'post', '/login', await call(`${url}/login`, { json: { code: 'unknown' } }))
  for (const [errcode, status] of [
    [40013, 502],
    [45011, 429],
    [-1, 503],
  ]) {
    await call(`${url}/sandbox/faults`, { json: { api: 'code2session', errcode } })
    const answer = await client.login(null, 'alice')
    t.equal(answer.status, status)
    follows(t, 'post', '/login', answer)
  }
  for (let i = 0, status = 201; status === 201 && i < 12; i++) {
    const answer = await call(`${url}/ticket`, { method: 'POST' })
    status = answer.status
    follows(t, 'post', '/ticket', answer)
    if (i === 11) t.equal(status, 429)
  }
})
