import t from 'tap'
import { readConfig } from '../../src/config/config.ts'
import { problemsOf } from '../fixtures/config.ts'

const corsOf = (text: string) =>
  readConfig({ NODE_ENV: 'development', CORS_ORIGINS: text }).http.corsOrigins

t.test('found 28: an origin is taken for what it means', async (t) => {
  for (const [text, origin] of [
    ['https://www.example.com', 'https://www.example.com'],
    ['https://www.example.com/', 'https://www.example.com'],
    ['https://WWW.Example.com', 'https://www.example.com'],
    ['HTTPS://www.example.com', 'https://www.example.com'],
    ['https://www.example.com:443', 'https://www.example.com'],
    ['http://www.example.com:80/', 'http://www.example.com'],
    ['http://localhost:8080/', 'http://localhost:8080'],
    ['https://例子.中国', 'https://xn--fsqu00a.xn--fiqs8s'],
  ] as const) {
    t.strictSame(corsOf(text), [origin], text)
  }
})

t.test('found 28: commas, semicolons, blanks and line breaks stand between origins', async (t) => {
  const two = ['https://a.example', 'https://b.example']
  for (const between of [',', ', ', ';', ' ; ', ' ', '\n', ',\n', '，', '、']) {
    t.strictSame(corsOf(two.join(between)), two, JSON.stringify(between))
  }
  t.strictSame(corsOf('https://a.example,https://A.example/'), ['https://a.example'])
})

t.test('found 28: what is refused is quoted, with the right form', async (t) => {
  for (const [text, says] of [
    ['https://*.example.com', /"https:\/\/\*\.example\.com": name each address, without \*/],
    ['*', /"\*": name each address, without \*/],
    [
      'https://a.example, https://b.example/login',
      /"https:\/\/b\.example\/login": write https:\/\/b\.example$/,
    ],
    ['https://b.example?x', /write https:\/\/b\.example$/],
    ['https://b.example/?', /write https:\/\/b\.example$/],
    ['www.example.com', /"www\.example\.com": write https:\/\/www\.example\.com$/],
    ['localhost:8080', /"localhost:8080": /],
    ['null', /"null": /],
    ['ftp://a.example', /that is no http\(s\) address/],
  ] as const) {
    const [problem = '', ...others] = problemsOf({ NODE_ENV: 'development', CORS_ORIGINS: text })
    t.match(problem, /^CORS_ORIGINS must be comma-separated origins/, text)
    t.match(problem, says, text)
    t.same(others, [], text)
  }
  const [secret = ''] = problemsOf({
    NODE_ENV: 'test',
    CORS_ORIGINS: 'https://me:planted@b.example',
  })
  t.match(secret, '"https://…@b.example": write https://b.example')
})

t.test('PUBLIC_URL and RETURN_URLS are read the same way', async (t) => {
  const config = readConfig({
    NODE_ENV: 'development',
    PUBLIC_URL: 'HTTPS://Login.例子.中国:443/',
    RETURN_URLS: 'https://WWW.Example.com:443/In?x=A;B;https://b.example/in',
  })
  t.equal(config.listen.publicUrl, 'https://login.xn--fsqu00a.xn--fiqs8s')
  t.strictSame(config.http.returnUrls, [
    'https://WWW.Example.com:443/In?x=A;B',
    'https://www.example.com/In?x=A;B',
    'https://b.example/in',
  ])
  t.match(problemsOf({ PUBLIC_URL: 'login.example.com' }), [/"login.example.com": write https:/])
})

t.test('the metrics have a port of their own', async (t) => {
  t.match(problemsOf({ OPS_PORT: '3000' }), [/^OPS_PORT must differ from PORT: both are 3000/])
  t.match(problemsOf({ PORT: '80', OPS_PORT: '80', HOST: '0.0.0.0' }), [/^OPS_PORT must differ/])
  t.same(problemsOf({ OPS_PORT: '3000', HOST: '127.0.0.2' }), [], 'another address')
})
