import t from 'tap'
import { DOCTOR, KEYS, MIGRATE, plantSecrets, SANDBOX } from '../fixtures/network/planted.ts'
import { SERVER, type Env, type Run } from '../fixtures/network/planted.ts'
import { leaked } from '../fixtures/network/wiretap.ts'

/** No output of any program prints a secret that stood in any setting, however the program ends. */

const { good, secrets, key, databaseUrl, outputOf } = await plantSecrets(t)
const ownKeys: Env = { ...good, SIGNING_KEYS: '' }
const elsewhere = databaseUrl((url) => (url.pathname = '/there_is_none'))

const changed = (file: string, rows: [name: string, env: Env][]): Run[] =>
  rows.map(([name, env]) => ({ name, file, env: { ...good, ...env } }))

/** With settings as people write them: no program starts. */
const malformed: Run[] = [
  ...changed(SERVER, [
    ['a password with a #', { DATABASE_URL: 'postgres://me:1#planted@127.0.0.1:1/x' }],
    ['a password with a /', { DATABASE_URL: 'postgres://me:1/planted@127.0.0.1:1/x' }],
    ['a password with a ?', { DATABASE_URL: 'postgres://me:1?planted@127.0.0.1:1/x' }],
    ['a password in the place of a port', { DATABASE_URL: 'postgres://me:planted' }],
    [
      'everything else',
      {
        DATABASE_READ_URL: 'planted',
        WECHAT_SECRET: 'planted Planted planted',
        PUBLIC_URL: 'https://me:planted@login.example',
        CORS_ORIGINS: 'https://a.example,https://me:planted@b.example',
        DATABASE_POOL: 'planted',
        NODE_ENV: 'planted',
        HOST: 'planted planted',
        LOG_LEVEL: 'planted',
      },
    ],
  ]),
  ...changed(MIGRATE, [['no database', { DATABASE_URL: 'mysql://me:planted@127.0.0.1/x' }]]),
  ...changed(DOCTOR, [['a /', { DATABASE_URL: 'postgres://me:1/planted@127.0.0.1:1/x' }]]),
]

/** With settings that fit, and do not work. */
const failing: Run[] = [
  ...changed(SERVER, [
    ['no such database', { DATABASE_URL: elsewhere }],
    ['no such host', { DATABASE_URL: 'postgres://me:planted-x@there.is.none.invalid/x' }],
    ['no TLS', { DATABASE_URL: databaseUrl((url) => (url.search = '?sslmode=require')) }],
    ['no key', { DATABASE_URL: databaseUrl((url) => (url.search = '?sslkey=/there/is/none')) }],
    ['in the query', { DATABASE_URL: 'postgres://127.0.0.1:1/x?password=planted%20too' }],
    ['keys with a mistake', { SIGNING_KEYS: `{"keys":[{"d":"${key['d']}"planted}]}` }],
  ]),
  ...changed(DOCTOR, [
    ['keys cut off', { SIGNING_KEYS: good['SIGNING_KEYS']?.slice(0, -20) ?? '' }],
    ['keys that are no JSON', { SIGNING_KEYS: `-----BEGIN-----\n${key['d']}\n-----END-----` }],
    ['keys of another kind', { SIGNING_KEYS: `{"keys":[{"kty":"oct","k":"${key['d']}"}]}` }],
  ]),
  ...changed(MIGRATE, [['no such database', { DATABASE_URL: elsewhere }]]),
]

const working: Run[] = [
  ...changed(SERVER, [['all is in order', {}]]),
  ...[['list'], ['rotate'], ['remove', 'none'], ['?']].map((args) => ({
    name: args.join(' '),
    file: KEYS,
    args,
    env: ownKeys,
  })),
  ...changed(MIGRATE, [['all is in order', {}]]),
  ...changed(DOCTOR, [['all is in order', {}]]),
  { name: 'for scripts', file: DOCTOR, args: ['--json'] },
  ...changed(SANDBOX, [['all is in order', {}]]),
]

for (const [what, runs] of Object.entries({ malformed, failing, working })) {
  t.test(`threat 14: no program prints a secret, ${what}`, { jobs: 3 }, async (t) => {
    for (const run of runs) {
      t.test(`${run.file}: ${run.name}`, { buffered: true }, async (t) => {
        const text = await outputOf(t, run)
        t.equal(leaked(text, secrets), undefined)
        t.ok(text !== '' || run.file === KEYS, 'there is something to read')
      })
    }
  })
}

t.test('threat 14: neither one that stands in .env', async (t) => {
  const text = await outputOf(t, failing[0] as Run, { dotEnv: true })
  t.match(text, 'Cannot use the database')
  t.equal(leaked(text, secrets), undefined)
})
