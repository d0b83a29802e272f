import t from 'tap'
import { hider, redact } from '../src/secrets.ts'

t.test('a secret is taken out in every form that a text may have it in', async (t) => {
  const secret = 'a "pass" %word/1'
  for (const form of [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams({ x: secret }).toString().slice(2),
    JSON.stringify({ x: secret }).slice(6, -2),
  ]) {
    t.equal(redact(`before ${form} after`, [secret]), 'before [redacted] after')
  }
  t.equal(redact('abcdef-tail abcdef', ['abcdef', 'abcdef-tail']), '[redacted] [redacted]')
  t.equal(redact('text', ['']), 'text')
  t.equal(redact('a\ud800b', ['a\ud800b']), '[redacted]', 'also one that no URL can hold')
})

t.test('where the settings have secrets', async (t) => {
  for (const [name, value, ...secrets] of [
    ['DATABASE_URL', 'postgres://me:hunter2@db/x', 'hunter2'],
    ['DATABASE_URL', 'postgres://me:a%20pass@db/x', 'a%20pass', 'a pass'],
    ['DATABASE_URL', 'postgres://me:pa/ss#wo@rd@db/x', 'pa/ss#wo@rd'],
    ['DATABASE_URL', 'postgres://db/x?user=me&password=in-query&sslpassword=of-key', 'in-query'],
    ['DATABASE_READ_URL', 'postgres://db/x?sslpassword=of-the-key', 'of-the-key'],
    ['DATABASE_URL', 'socket:/run/pg?db=x&password=by-socket', 'by-socket'],
    ['DATABASE_URL', 'postgres://me:of-several@a:1,b:2/x', 'of-several'],
    ['DATABASE_URL', 'mysql://me:hunter2@db/x', 'hunter2'],
    ['PGPASSWORD', 'hunter2', 'hunter2'],
    ['HTTPS_PROXY', 'http://me:hunter2@proxy:3128', 'hunter2'],
    ['CORS_ORIGINS', 'https://a.example,https://me:hunter2@b.example', 'hunter2'],
    ['WECHAT_API_BASE', 'https://me:hunter2@relay/x', 'hunter2'],
    ['WECHAT_SECRET', ' with a blank ', 'with a blank'],
    ['OA_SECRET', 'of-the-service-account', 'of-the-service-account'],
    ['OA_TOKEN', 'SignsWhatIsPushed', 'SignsWhatIsPushed'],
    ['OA_AES_KEY', 'EncryptsWhatIsPushed', 'EncryptsWhatIsPushed'],
    ['SIGNING_KEYS', '{"keys":[{"kid":"public-name","d":"private-part"}]}', 'private-part'],
    ['SIGNING_KEYS', '{"kty":"oct","k":"private-part"}', 'private-part'],
    ['SIGNING_KEYS', '{"keys":[{"d":"a-long-private-part"}', 'a-long-private-part'],
    ['SIGNING_KEYS', '-----BEGIN-----\na+long/private+part\n---', 'a+long/private+part'],
  ] as const) {
    const hide = hider({ [name]: value })
    for (const secret of secrets) {
      t.equal(hide(`It is ${secret}.`), 'It is [redacted].', `${name}=${value}`)
    }
    t.notMatch(hide(value), secrets[0] as string)
  }
})

t.test('everything else stays', async (t) => {
  const text =
    'The service at https://login.example:3000, file:/run/keys.json, public-name, me at db/x: 12.'
  const env = {
    DATABASE_URL: 'postgres://me:12@db/x',
    PUBLIC_URL: 'https://login.example:3000',
    SIGNING_KEYS: 'file:/run/keys.json',
    WECHAT_SECRET: 'service',
    RETURN_URLS: undefined,
  }
  t.equal(hider(env)(text), text)
  const keys = '{"keys":[{"kid":"public-name","d":"private-part"}]}'
  t.equal(hider({ SIGNING_KEYS: keys })(text), text, 'the name of a key is public')
})
