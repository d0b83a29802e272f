import t from 'tap'
import { createAsk } from '../../src/doctor/ask.ts'
import { checkPublishedKeys, checkService } from '../../src/doctor/service.ts'
import { generateSigningJwk, loadSigningKey } from '../../src/tokens/signing-key.ts'
import { fakeUpstream } from '../fixtures/network/fake-upstream.ts'

const upstream = await fakeUpstream(t)
const { url } = upstream
const ask = createAsk({ timeoutMs: 2_000 })
const signer = await loadSigningKey(await generateSigningJwk())

const answers = (path: string, status: number, body: object | string) =>
  upstream.answer(path, (reply) => {
    reply.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body))
  })

t.test('who answers at /readyz', async (t) => {
  const cases: [number, object | string, string, RegExp][] = [
    [200, { status: 'ok' }, 'ok', /is ready/],
    [503, { code: 'DATABASE_UNAVAILABLE', message: 'm' }, 'failed', /DATABASE_UNAVAILABLE/],
    [502, '<h1>Bad Gateway</h1>', 'failed', /A proxy answers .* \(HTTP 502\)/],
    [200, '<h1>Welcome</h1>', 'failed', /but not ScenePass/],
    [404, { error: 'no' }, 'failed', /but not ScenePass .*HTTP 404/],
    [200, '[null]', 'failed', /but not ScenePass/],
  ]
  for (const [status, body, expected, says] of cases) {
    answers('/readyz', status, body)
    const finding = await checkService(url, () => ask(`${url}/readyz`))
    t.match(finding, { status: expected, says: { en: says } })
    t.equal(finding.fix === null, expected === 'ok')
  }
})

t.test('whether sites find the key that signs', async (t) => {
  const path = '/.well-known/jwks.json'
  const check = (keys = [signer]) =>
    checkPublishedKeys(
      url,
      () => ask(`${url}${path}`),
      async () => keys,
    )
  const other = (await loadSigningKey(await generateSigningJwk())).publicJwk

  answers(path, 200, { keys: [other, signer.publicJwk] })
  t.match(await check(), { status: 'ok' })
  t.match(await check([]), { status: 'unchecked', says: { en: /no signing key yet/ } })
  answers(path, 200, { keys: [other, null] })
  t.match(await check(), { status: 'failed', says: { en: /other signing keys/ } })
  const rsa = await loadSigningKey(await generateSigningJwk('RS256'))
  answers(path, 200, { keys: [signer.publicJwk, other] })
  t.match(
    await check([signer, rsa]),
    { status: 'failed', says: { en: new RegExp(`${rsa.kid} is not among them`) } },
    'of each kind',
  )
  answers(path, 200, { keys: [signer.publicJwk, rsa.publicJwk] })
  t.match(await check([signer, rsa]), { status: 'ok' })
  answers(path, 404, '<h1>Not Found</h1>')
  t.match(await check(), { status: 'failed', says: { en: /no keys at .* \(HTTP 404\)/ } })
  upstream.answer(path, (reply) => reply.destroy())
  t.match(await check(), { status: 'failed', says: { en: /cannot be reached/ } })
})
