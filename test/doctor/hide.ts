import t from 'tap'
import { failed } from '../../src/doctor/finding.ts'
import { hider } from '../../src/doctor/hide.ts'

const env = {
  DATABASE_URL: 'postgres://user:a%20pass%25word@host/db',
  DATABASE_READ_URL: 'postgres://user:100%wrong@host/db',
  WECHAT_SECRET: 's3cret s3cret',
  SIGNING_KEYS: '{"keys":[]}',
  WECHAT_PAGE: 'pages/login/login',
}
const said = (text: string, given: Record<string, string> = env) =>
  hider(given)({ name: 'service', ...failed({ en: text, zh: text }, { en: text, zh: text }) })

t.test('a secret of the settings is taken out, in every form it may have', async (t) => {
  for (const secret of [
    'a%20pass%25word',
    'a pass%word',
    'a+pass%25word',
    '100%wrong',
    's3cret s3cret',
    's3cret%20s3cret',
    '{"keys":[]}',
  ]) {
    const words = { en: 'It is [redacted].', zh: 'It is [redacted].' }
    t.strictSame(said(`It is ${secret}.`), {
      name: 'service',
      status: 'failed',
      says: words,
      fix: words,
    })
  }
})

t.test('everything else stays', async (t) => {
  t.equal(said('user at host, pages/login/login').says.en, 'user at host, pages/login/login')
  const short = { WECHAT_SECRET: 'service', SIGNING_KEYS: 'file:/service/keys.json' }
  t.equal(
    said('The service at file:/service/keys.json', short).says.en,
    'The service at file:/service/keys.json',
  )
  t.equal(said('text', {}).says.en, 'text')
  t.equal(said('text', { DATABASE_URL: 'pglite:./data' }).fix?.en, 'text')
})
