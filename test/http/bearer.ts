import Fastify from 'fastify'
import t from 'tap'
import { bearerHash } from '../../src/http/bearer.ts'
import { hashSecret } from '../../src/tickets/secret.ts'
import { rawHttp } from '../fixtures/network/raw-http.ts'

const app = Fastify({ http: { joinDuplicateHeaders: true } })
app.get('/', async (request) => ({ hash: bearerHash(request) }))
const url = await app.listen({ host: '127.0.0.1', port: 0 })
t.teardown(() => app.close())

const SECRET = 'V1StGXR8_Z5jdHi6B-myTV1StGXR8_Z5jdHi6B-myT0'
const hash = hashSecret(SECRET)

const hashOf = async (...authorizations: string[]): Promise<unknown> => {
  const lines = authorizations.map((value) => `${value}\r\n`).join('')
  const answer = await rawHttp(url, `GET / HTTP/1.1\r\nHost: x\r\n${lines}\r\n`)
  return JSON.parse(answer.body).hash
}

t.test('a secret is carried as RFC 6750 has it', async (t) => {
  for (const scheme of ['Bearer', 'bearer', 'BEARER', 'bEaReR']) {
    t.equal(await hashOf(`Authorization: ${scheme} ${SECRET}`), hash)
  }
  t.equal(await hashOf(`aUTHORIZATION: Bearer   ${SECRET}`), hash)
})

t.test('anything else carries none', async (t) => {
  for (const value of [
    '',
    'Bearer',
    'Bearer ',
    SECRET,
    `Basic ${SECRET}`,
    `Bearer${SECRET}`,
    `Bearer ${SECRET} ${SECRET}`,
    `Bearer ${SECRET},`,
    `Bearer "${SECRET}"`,
    `Bearer ${'a'.repeat(129)}`,
    `Bearer ${SECRET}\xe9`,
    `Token Bearer ${SECRET}`,
  ]) {
    t.equal(await hashOf(`Authorization: ${value}`), null, value)
  }
  t.equal(await hashOf(), null)
})

t.test('two headers carry none, in either order', async (t) => {
  const right = `Authorization: Bearer ${SECRET}`
  t.equal(await hashOf(right, 'Authorization: Bearer x'), null)
  t.equal(await hashOf('authorization: Bearer x', right), null)
  t.equal(await hashOf(right, right.toLowerCase()), null)
})
