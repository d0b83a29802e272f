import t from 'tap'
import { compilers } from '../../src/http/compilers.ts'

const { buildValidator, buildSerializer } = compilers.compilersFactory ?? {}
const route = { method: 'GET', url: '/', httpPart: 'body', httpStatus: '200' }
const text = () => ({ type: 'object', properties: { name: { type: 'string' } } })
const number = { type: 'object', properties: { name: { type: 'number' } } }

// The types say that it is given the schema; Fastify gives it the route.
const validatorOf = (schema: object, customOptions = {}) =>
  buildValidator?.({}, { customOptions })({ ...route, schema } as object)
const serializerOf = (schema: object) => buildSerializer?.({}, {})({ ...route, schema })

t.test('of one text there is one function, of another another', async (t) => {
  t.equal(validatorOf(text()), validatorOf(text()))
  t.not(validatorOf(text()), validatorOf(number))
  t.equal(serializerOf(text()), serializerOf(text()))
  t.not(serializerOf(text()), serializerOf(number))
})

t.test('of other options too', async (t) => {
  const strict = validatorOf(number, { coerceTypes: false })
  const lenient = validatorOf(number, { coerceTypes: true })
  t.equal(strict?.({ name: '1' }), false)
  t.equal(lenient?.({ name: '1' }), true)
})

t.test('they do what their schema says', async (t) => {
  t.equal(validatorOf(text())?.({ name: 'a' }), true)
  t.equal(validatorOf(number)?.({ name: 'a' }), false)
  t.equal(serializerOf(text())?.({ name: 'a', more: 'b' }), '{"name":"a"}')
})
