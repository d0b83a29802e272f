import { parseEnv } from 'node:util'
import t from 'tap'
import { parseDotEnv } from '../../src/config/env-file.ts'
import { misspeltNames } from '../../src/config/misspelt.ts'
import { OperatorError } from '../../src/operator-error.ts'

/** What is refused, in both languages. */
function refusal(text: string | Buffer): { en: string; zh: string } {
  try {
    const values = parseDotEnv(Buffer.from(text as string))
    return { en: `taken: ${JSON.stringify(values)}`, zh: '' }
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    return error.words
  }
}

t.test('a good file is read as Node.js reads it', async (t) => {
  for (const text of [
    '',
    '# nothing\n\n   # at all',
    'PORT=3000\nHOST = 0.0.0.0\n',
    'PORT=3000\r\nHOST=0.0.0.0\r\n',
    'export PORT=3000',
    'SITE_NAME="示例 # 1"\nTOKEN_AUDIENCE=\'a b\'\nTOKEN_ISSUER=`c"d\'e`',
    'SITE_NAME="two\\nlines"',
    'SIGNING_KEYS=\'{\n  "keys": []\n}\'\nPORT=1',
    'SIGNING_KEYS={"keys":[{"kty":"EC"}]}',
    'PORT=3000 # the port\nHOST= # none',
    'SITE_NAME="quoted" # said',
    'DATABASE_URL=postgres://me:p%23w@db/x?sslmode=require&a=b',
    'EMPTY=\nALSO=""',
    'A_NAME_OF_ANOTHER_PROGRAM=x',
    'PORT=1\nPORT=2',
  ]) {
    t.strictSame(parseDotEnv(Buffer.from(text)), { ...parseEnv(text) }, text)
  }
})

t.test('found 11: a mark before UTF-8 takes nothing of the first setting', async (t) => {
  const bytes = Buffer.from('\uFEFFNODE_ENV=production\r\nPORT=1\r\n')
  t.strictSame(parseDotEnv(bytes), { NODE_ENV: 'production', PORT: '1' })
})

t.test('found 11: UTF-16 is refused, with a mark and without one', async (t) => {
  const text = 'NODE_ENV=production\n'
  const little = Buffer.from(text, 'utf16le')
  const marked = Buffer.from(`\uFEFF${text}`, 'utf16le')
  for (const bytes of [little, marked, Buffer.from(marked).swap16()]) {
    const { en, zh } = refusal(bytes)
    t.match(en, /^\.env is UTF-16.*Save it as UTF-8/)
    t.match(zh, /UTF-16.*另存为 UTF-8/)
  }
})

t.test('found 11: a line that is no setting is refused, and named', async (t) => {
  for (const line of [
    'PORT',
    'PORT: 3000',
    'set PORT=3000',
    '$env:PORT="1"',
    '=x',
    'SITE_NAME＝x',
  ]) {
    const { en, zh } = refusal(`# first\nPORT=1\n${line}\n`)
    t.match(en, /^\.env, line 3: neither empty, nor a comment \(#\), nor NAME=value/, line)
    t.match(zh, /^\.env 第 3 行：/, line)
  }
  t.match(
    refusal(Buffer.from([...Buffer.from('PORT=1\nSITE_NAME='), 0xca, 0xbe, 0xc0, 0xfd])).en,
    /line 2: not UTF-8/,
  )
  t.match(refusal('PORT=1\nSITE_NAME="x\nHOST=y\n').en, /line 2: .*SITE_NAME begins with "/)
  t.match(refusal('SITE_NAME="a" b').en, /line 1: something follows the "/)
})

t.test('found 11: a # that would cut a value is told, without the value', async (t) => {
  for (const line of [
    'SITE_NAME=C#planted',
    'DATABASE_URL=postgres://me:12#planted@db/x',
    'SITE_COLOR=#planted',
  ]) {
    const { en } = refusal(line)
    t.match(
      en,
      new RegExp(`line 1: the # would cut the value of ${line.split('=')[0]}\\. .*quotes`),
    )
    t.notMatch(en, /planted|12/)
  }
})

t.test('every problem is told at once', async (t) => {
  const { en, zh } = refusal('oops\nSITE_NAME=C#\nDATABSE_URL=x')
  t.equal(en.split('\n').length, 3)
  t.equal(zh.split('\n').length, 3)
})

t.test('a misspelt name is refused with the one that is meant', async (t) => {
  for (const [name, meant] of [
    ['DATABSE_URL', 'DATABASE_URL'],
    ['database_url', 'DATABASE_URL'],
    ['WECHAT_APP_ID', 'WECHAT_APPID'],
    ['WECHAT_SECERT', 'WECHAT_SECRET'],
    ['NODE_EVN', 'NODE_ENV'],
    ['PROT', 'PORT'],
    ['PUBLIC_URI', 'PUBLIC_URL'],
    ['CORS_ORIGIN', 'CORS_ORIGINS'],
    ['CORS-ORIGINS', 'CORS_ORIGINS'],
  ] as const) {
    t.same(misspeltNames([name]), [{ name, meant }], name)
    t.same(misspeltNames([name, meant]), [], `${name} beside ${meant} is another program's`)
  }
  t.match(
    refusal('PORT=1\nDATABSE_URL=x').en,
    /^\.env, line 2: .*DATABSE_URL. Is it DATABASE_URL\?/,
  )
})

t.test('names of other programs are left alone', async (t) => {
  const others = ['POSTGRES_PASSWORD', 'APP_PORT', 'DB_HOST', 'HOSTNAME', 'PATH', 'REDIS_URL', 'TZ']
  const proxies = ['http_proxy', 'https_proxy', 'no_proxy', 'all_proxy', 'ALL_PROXY']
  t.same(misspeltNames([...others, ...proxies, 'NODE_OPTIONS', 'WECHAT_PAY_KEY', 'LOG_FILE']), [])
})
