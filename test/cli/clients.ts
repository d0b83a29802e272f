import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { readClientArguments, type Command } from '../../src/cli/client-arguments.ts'
import { commands } from '../../src/cli/client-commands.ts'
import { RECIPES } from '../../src/cli/client-recipes.ts'
import { UsageError, type Program } from '../../src/cli/command.ts'
import { readConfig } from '../../src/config/config.ts'
import { findAnyClient, listClients } from '../../src/oidc/clients.ts'
import { OperatorError } from '../../src/operator-error.ts'
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

const config = readConfig(on)

/** The same without a process of its own, of which the first tests have enough. */
async function typed(command: Command, ...args: string[]) {
  const around = { production: false, reserved: [], emailDomain: false }
  let out = ''
  const program = { out: (text: string) => void (out += text) } as Program
  try {
    await commands[command](
      readClientArguments(command, args),
      around,
    )({
      program,
      config,
      db,
      issuer: ISSUER,
    })
    return { status: 0, out, err: '' }
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    return { status: error instanceof UsageError ? 2 : 1, out, err: `${error.message}\n` }
  }
}

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
  const { out } = await typed('add', '--name', 'G', ...redirect, '--id', 'g', '--for', 'Grafana')
  const [, secret = ''] = /client_secret {2}(\S+)\n/.exec(out) ?? []
  t.match(out, `client_id = g\nclient_secret = ${secret}\nscopes = openid profile\n`)
  t.match(out, 'email_attribute_path = sub')
  const all = await Promise.all(RECIPES.map(({ name }) => typed('show', 'g', '--for', name)))
  for (const [i, { status, out }] of all.entries()) {
    t.equal(status, 0)
    t.match(out, RECIPES[i]?.redirect ?? '')
    t.match(out, ISSUER)
    t.notMatch(out, /[{]{2}|undefined/)
    t.notOk(out.includes(secret), 'it is not known any more')
  }
})

t.test('list, show, set, secret, remove', async (t) => {
  await typed('add', '--name', 'Shop', ...redirect, '--id', 'shop', '--device')
  const before = (await findAnyClient(db, 'shop'))?.secretHash
  const [list, json, show] = await Promise.all([
    typed('list'),
    typed('list', '--json'),
    typed('show', 'shop', '--json'),
  ])
  t.match(list.out, /^sandbox {2}Sandbox .*built in/, 'of the sandbox, which is in no table')
  t.match(list.out, /\nshop {2}Shop {2}\(with a secret, device\)\n/)
  t.same(
    JSON.parse(json.out).find((each: { client_id: string }) => each.client_id === 'shop'),
    JSON.parse(show.out),
  )
  t.notMatch(json.out + show.out, before ?? '')
  t.match(JSON.parse(show.out), { name: 'Shop', public: false, device: true, disabled: false })

  const set = ['shop', '--name', 'Shop 2', '--no-redirect', '--disable', '--refresh']
  t.match(await typed('set', ...set), {
    status: 0,
    out: /^name +Shop 2\nkind .*refresh, DISABLED$/m,
  })
  t.match(await findAnyClient(db, 'shop'), { redirectUris: [], refresh: true, disabled: true })
  t.match(await typed('set', 'shop', '--no-device'), {
    status: 2,
    err: /^--redirect is missing/,
  })
  t.match(await findAnyClient(db, 'shop'), { device: true })
  t.match(await typed('set', 'shop', '--redirect', 'a.b:/'), {
    status: 2,
    err: /needs? --public/,
  })
  await typed('set', 'shop', '--enable', ...redirect)
  t.match(await findAnyClient(db, 'shop'), { redirectUris: [redirect[1]], disabled: false })

  const fresh = JSON.parse((await typed('secret', 'shop', '--json')).out)
  t.equal((await findAnyClient(db, 'shop'))?.secretHash, hashSecret(fresh.client_secret))
  t.not(hashSecret(fresh.client_secret), before)

  t.match(await typed('remove', 'shop'), { status: 0, out: /^shop is gone/, err: '' })
  for (const command of ['remove', 'show', 'secret'] as const) {
    t.match(await typed(command, 'shop'), { status: 1, err: /^There is no client shop: .*\n$/ })
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
