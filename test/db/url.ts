import t from 'tap'
import { placeOf, readDatabaseUrl, UrlProblem } from '../../src/db/url.ts'

const PASSWORD = 'planted-pass'

/** URL, servers, and the rest of what stands in it. */
const forms: [url: string, servers: string, rest?: Record<string, string | null>][] = [
  ['postgres://me:planted-pass@db.example/x', 'db.example:', { database: 'x' }],
  ['postgresql://me:planted-pass@db.example:5433/x', 'db.example:5433'],
  ['postgres://me:planted-pass@[::1]:5433/x', '::1:5433'],
  ['postgres://me:planted-pass@[fe80::1%25eth0]/x', 'fe80::1%eth0:'],
  ['postgres://me:planted-pass@/x?host=/run/pg', '/run/pg:'],
  ['postgres://me:planted-pass@localhost/x?host=%2Frun%2Fpg&port=5433', '/run/pg:5433'],
  ['postgres://me:planted-pass@%2Frun%2Fpg:5433/x', '/run/pg:5433'],
  ['socket://me:planted-pass@/run/pg?db=x', '/run/pg:'],
  ['socket:/run/pg?db=x&user=me&password=planted-pass&port=5433', '/run/pg:5433'],
  ['postgres:///x?user=me&password=planted-pass', ':'],
  ['postgres://?dbname=x&host=db.example&user=me&password=planted-pass', 'db.example:'],
  ['postgres://me:planted-pass@a:1,b:2,[::1]/x', 'a:1 b:2 ::1:', { wanted: null }],
  [
    'postgres://me:planted-pass@a,b/x?target_session_attrs=read-write',
    'a: b:',
    { wanted: 'read-write' },
  ],
  ['postgres://me:planted-pass@/x?host=a,b&port=1,2', 'a:1 b:2'],
  ['postgres://me:planted-pass@a,b/x?port=7&target_session_attrs=any', 'a:7 b:7'],
  ['postgres://me:p%40ss%2F%3A%23@h/%E5%BA%93', 'h:', { password: 'p@ss/:#', database: '库' }],
  ['postgres://me:a@b@h/x', 'h:', { password: 'a@b' }],
  ['postgres://me:50%@h/x', 'h:', { password: '50%' }],
  ['postgres://me%40server:planted-pass@h/x', 'h:', { user: 'me@server' }],
]

t.test('every form that libpq and node-postgres know is read', async (t) => {
  for (const [url, servers, rest] of forms) {
    const read = readDatabaseUrl(url)
    t.equal(read.servers.map(({ host, port }) => `${host}:${port ?? ''}`).join(' '), servers, url)
    t.match(read, { user: 'me', password: PASSWORD, database: 'x', ...rest }, url)
    t.notMatch(placeOf(url), /planted|p@ss|a@b/)
  }
})

t.test('parameters that providers write into their URLs are taken', async (t) => {
  for (const query of [
    'sslmode=require&channel_binding=require',
    'ssl=true&sslrootcert=/etc/ca.pem',
    'options=-c%20search_path%3Dlogin&application_name=login',
    'pgbouncer=true&connection_limit=1',
    'connect_timeout=10&keepalives=1&gssencmode=disable',
    'uselibpqcompat=true&sslmode=verify-ca',
    'sslnegotiation=direct&sslmode=verify-full',
    'statement_timeout=5000&lock_timeout=1000&client_encoding=utf8',
  ]) {
    t.doesNotThrow(() => readDatabaseUrl(`postgres://me@h/x?${query}`), query)
  }
})

function problemOf(url: string): string {
  try {
    readDatabaseUrl(url)
  } catch (error) {
    if (error instanceof UrlProblem) return error.message
  }
  throw new Error(`${url} is no problem`)
}

t.test('what cannot be read is told without a part of the password', async (t) => {
  for (const [url, says] of [
    ['postgres://me:1#planted@h/x', ''],
    ['postgres://me:1/planted@h/x', ''],
    ['postgres://me:1?planted@h/x', ''],
    ['postgres://me:1?planted=2@h/x', ''],
    ['postgres://me:planted', ''],
    ['postgres://me@h:99999/x', ''],
    ['postgres://me@::1/x', ''],
    ['mysql://h/x', ''],
    ['postgres:h/x', ''],
    ['postgres://h/x?schema=login', /options=-c%20search_path%3D/],
    ['postgres://h/x?sslmod=verify-full', /parameter sslmod, .*correct its name/],
    ['postgres://h/x?sslmode=planted', /unknown sslmode: .*verify-full/],
    ['postgres://a,b/x?target_session_attrs=planted', /unknown target_session_attrs: .*read-write/],
    ['postgres://a,b,c/x?port=1,2', /another number of ports/],
  ] as const) {
    const message = problemOf(url)
    if (says === '') t.equal(message, '', url)
    else t.match(message, says)
    t.notMatch(message, 'planted')
  }
})
