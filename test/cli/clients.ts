import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { readClientArguments, type Command } from '../../src/cli/client-arguments.ts'
import { commands } from '../../src/cli/client-commands.ts'
import { RECIPES } from '../../src/cli/client-recipes.ts'
import { UsageError } from '../../src/cli/command.ts'
import { findAnyClient, listClients } from '../../src/oidc/clients.ts'
import { hashSecret } from '../../src/tickets/secret.ts'
import { startChild, temporaryFolder } from '../fixtures/network/child.ts'
import { pgliteUrl, postgresDb } from '../fixtures/postgres/database.ts'

const { db, url } = await postgresDb(t)
const ISSUER = 'https://login.example.com'
const on = { DATABASE_URL: url, PUBLIC_URL: ISSUER, OIDC: 'on', NODE_ENV: 'development' }
const unreachable = { ...on, DATABASE_URL: 'postgres://127.0.0.1:1/none' }

async function run(t: Test, args: string[], env: Record<string, string> = on) {
  const child = startChild(t, 'src/cli/scenepass.ts', {
    args: ['clients', ...args],
    cwd: temporaryFolder(t),
    env,
  })
  return { status: await child.ended, out: child.stdout(), err: child.stderr() }
}

const redirect = ['--redirect', 'https://app.example.com/cb']

t.test('add prints id and secret, once, and what any app wants to know', async (t) => {
  const { status, out, err } = await run(t, [
    'add',
    '--name',
    ' 内部知识库 ',
    ...redirect,
    '--redirect',
    'http://localhost:5/cb',
    '--wechat',
    '--refresh',
    '--es256',
    '--device',
    '--id',
    'wiki',
    '--logout',
    'https://app.example.com/',
    '--home',
    'https://app.example.com/#/',
  ])
  t.same([status, err], [0, ''])
  const [, id = '', secret = ''] = /^client_id {6}(\S+)\nclient_secret {2}(\S+)\n\n/.exec(out) ?? []
  t.equal(id, 'wiki')
  t.match(secret, /^[A-Za-z0-9_-]{43}$/)
  t.match(out, /shown this once/)
  t.match(out, new RegExp(`discovery +${ISSUER}/\\.well-known/openid-configuration\n`))
  t.match(out, /scopes +openid profile wechat\n/)
  t.strictSame(await findAnyClient(db, 'wiki'), {
    id: 'wiki',
    name: '内部知识库',
    secretHash: hashSecret(secret),
    device: true,
    redirectUris: ['https://app.example.com/cb', 'http://localhost:5/cb'],
    postLogoutRedirectUris: ['https://app.example.com/'],
    homeUrl: 'https://app.example.com/#/',
    idTokenAlg: 'ES256',
    refresh: true,
    wechat: true,
    placeholderEmail: false,
    disabled: false,
  })
  t.match(await run(t, ['add', '--name', 'x', ...redirect, '--id', 'wiki']), {
    status: 1,
    out: '',
    err: /^There is a client wiki already: .*\n$/,
  })
})

t.test('with --json it is one object, of a public client without a secret', async (t) => {
  const [secret, open, off] = await Promise.all([
    run(t, ['add', '--name', 'App', ...redirect, '--json']),
    run(t, ['add', '--name', 'Tool', '--public', '--device', '--json']),
    run(t, ['add', '--name', 'App', ...redirect, '--json'], { DATABASE_URL: url }),
  ])
  const { client_id, client_secret, ...rest } = JSON.parse(secret.out)
  t.equal(secret.out, `${JSON.stringify({ client_id, client_secret })}\n`)
  t.match([client_id, client_secret, rest], [/^[a-z]{20}$/, /^[\w-]{43}$/, {}])
  t.strictSame(Object.keys(JSON.parse(open.out)), ['client_id'])
  t.match(await findAnyClient(db, JSON.parse(open.out).client_id), {
    secretHash: null,
    device: true,
    redirectUris: [],
  })
  t.same([secret.err, open.err], ['', ''])
  t.ok(JSON.parse(off.out).client_secret, 'a client can be prepared with OIDC=off')
  t.equal(off.err, 'OIDC=off: the app can sign people in once the service runs with OIDC=on.\n')
})

t.test('--for fills in complete lines, and no word is left open', async (t) => {
  const { out } = await run(t, ['add', '--name', 'G', ...redirect, '--id', 'g', '--for', 'Grafana'])
  const [, secret = ''] = /client_secret {2}(\S+)\n/.exec(out) ?? []
  t.match(out, `client_id = g\nclient_secret = ${secret}\nscopes = openid profile\n`)
  t.match(out, 'email_attribute_path = sub')
  const all = await Promise.all(RECIPES.map(({ name }) => run(t, ['show', 'g', '--for', name])))
  for (const [i, { status, out }] of all.entries()) {
    t.equal(status, 0)
    t.match(out, RECIPES[i]?.redirect ?? '')
    t.match(out, ISSUER)
    t.notMatch(out, /[{]{2}|undefined/)
    t.notOk(out.includes(secret), 'it is not known any more')
  }
})

t.test('list, show, set, secret, remove', async (t) => {
  await run(t, ['add', '--name', 'Shop', ...redirect, '--id', 'shop', '--device'])
  const before = (await findAnyClient(db, 'shop'))?.secretHash
  const [list, json, show] = await Promise.all([
    run(t, ['list']),
    run(t, ['list', '--json']),
    run(t, ['show', 'shop', '--json']),
  ])
  t.match(list.out, /^sandbox {2}Sandbox .*built in/, 'of the sandbox, which is in no table')
  t.match(list.out, /\nshop {2}Shop {2}\(with a secret, device\)\n/)
  t.same(
    JSON.parse(json.out).find((each: { client_id: string }) => each.client_id === 'shop'),
    JSON.parse(show.out),
  )
  t.notMatch(json.out + show.out, before ?? '')
  t.match(JSON.parse(show.out), { name: 'Shop', public: false, device: true, disabled: false })

  const set = ['set', 'shop', '--name', 'Shop 2', '--no-redirect', '--disable', '--refresh']
  t.match(await run(t, set), { status: 0, out: /^name +Shop 2\nkind .*refresh, DISABLED$/m })
  t.match(await findAnyClient(db, 'shop'), { redirectUris: [], refresh: true, disabled: true })
  t.match(await run(t, ['set', 'shop', '--no-device']), {
    status: 2,
    err: /^--redirect is missing/,
  })
  t.match(await findAnyClient(db, 'shop'), { device: true })
  t.match(await run(t, ['set', 'shop', '--redirect', 'a.b:/']), {
    status: 2,
    err: /needs? --public/,
  })
  await run(t, ['set', 'shop', '--enable', ...redirect])
  t.match(await findAnyClient(db, 'shop'), { redirectUris: [redirect[1]], disabled: false })

  const fresh = JSON.parse((await run(t, ['secret', 'shop', '--json'])).out)
  t.equal((await findAnyClient(db, 'shop'))?.secretHash, hashSecret(fresh.client_secret))
  t.not(hashSecret(fresh.client_secret), before)

  t.match(await run(t, ['remove', 'shop']), { status: 0, out: /^shop is gone/, err: '' })
  for (const command of ['remove', 'show', 'secret']) {
    t.match(await run(t, [command, 'shop']), { status: 1, err: /^There is no client shop: .*\n$/ })
  }
})

t.test('what is wrong is one sentence and status 2, and no database is opened', async (t) => {
  const before = await listClients(db)
  const wrong = [[], ['delete'], ['add', ...redirect], ['show'], ['add', '--name', 'x']]
  for (const { status, out, err } of await Promise.all(
    wrong.map((args) => run(t, args, unreachable)),
  )) {
    t.same([status, out], [2, ''])
    t.match(err, /^[^\n]+\n$/)
  }
  t.same(await listClients(db), before)
})

t.test('each wrong argument is named, in both languages', async (t) => {
  const around = { production: true, reserved: ['web', 'own'], emailDomain: false }
  const name = ['add', '--name', 'x']
  const cases: [string[], RegExp][] = [
    [['add', ...redirect], /^--name is missing/],
    [['add', '--name', '', ...redirect], /^--name must be/],
    [['add', '--name', 'a\u202eb', ...redirect], /^--name must be/],
    [['add', '--name', 'x'.repeat(65), ...redirect], /^--name must be/],
    [name, /^--redirect is missing/],
    [['add', '--name'], /^add: .*--name.* missing/],
    [[...name, '--colour', 'red'], /^add: Unknown option '--colour'/],
    [[...name, '--name', 'y', ...redirect], /^--name can be given once/],
    [[...name, ...redirect, 'extra'], /^add does not take "extra"/],
    [[...name, '--redirect', 'app.example.com'], /^--redirect "app\.example\.com" is not absolute/],
    [[...name, '--redirect', 'https://a:pw@a.example/'], /^--redirect has a name or a password/],
    [[...name, ...redirect, '--logout', 'a.b:/'], /^--logout "a\.b:\/" must begin/],
    [[...name, ...redirect, '--home', 'home'], /^--home "home" is not absolute/],
    [[...name, ...redirect, '--id', 'a/b'], /^--id "a\/b" must be 1 to 64/],
    [[...name, ...redirect, '--id', 'web'], /^--id "web" is an audience/],
    [[...name, ...redirect, '--id', 'own'], /^--id "own" is an audience/],
    [[...name, ...redirect, '--id', 'sandbox'], /^--id "sandbox" is the sandbox's/],
    [[...name, ...redirect, '--email'], /^--email needs OIDC_EMAIL_DOMAIN/],
    [[...name, ...redirect, '--for', 'word'], /^--for "word" is none of these: grafana/],
    [[...name, ...redirect, '--public', '--for', 'gitea'], /^--for "gitea" wants a client with/],
    [['show'], /^show needs the client_id/],
    [['show', 'a', 'b'], /^show does not take "b"/],
    [['set', 'a'], /^set needs an option/],
    [['set', 'a', '--refresh', '--no-refresh'], /^--refresh and --no-refresh exclude/],
    [['set', 'a', '--enable', '--disable'], /^--enable and --disable exclude/],
    [['list', '--public'], /^list: Unknown option '--public'/],
  ]
  for (const [[command, ...args], pattern] of cases) {
    const typed = () => {
      const given = readClientArguments(command as Command, args)
      return commands[command as Command](given, around)
    }
    const error = t.throws(typed, UsageError) as unknown as UsageError
    t.match(error.message, pattern)
    t.match(error.words.zh, /\p{Script=Han}/u)
    t.notMatch(error.message + error.words.zh, /pw@|\n/)
  }
})

t.test(
  'an address gets placeholders where there is a domain for them, also before OIDC=on',
  async (t) => {
    const env = { DATABASE_URL: url, OIDC_EMAIL_DOMAIN: 'users.example.com' }
    const { status } = await run(
      t,
      ['add', '--name', 'E', ...redirect, '--email', '--id', 'e'],
      env,
    )
    t.equal(status, 0)
    t.match(await findAnyClient(db, 'e'), { placeholderEmail: true })
  },
)

t.test('on the embedded database it is the same, with nothing else to read', async (t) => {
  const env = { ...on, DATABASE_URL: pgliteUrl(t) }
  const added = await run(t, ['add', '--name', 'P', ...redirect, '--id', 'p', '--json'], env)
  t.match(added, { status: 0, out: /^\{"client_id":"p","client_secret":"[\w-]{43}"\}\n$/, err: '' })
  t.match(await run(t, ['list'], env), { out: /^p {2}P {2}\(with a secret\)$/m, err: '' })
})

t.test('a schema that is behind is named', async (t) => {
  const { db, url } = await postgresDb(t)
  await sql`delete from kysely_migration where name = '0013_openid_connect'`.execute(db)
  const { status, err } = await run(t, ['list'], { ...on, DATABASE_URL: url })
  t.equal(status, 1)
  t.match(err, /npx scenepass migrate/)
})
