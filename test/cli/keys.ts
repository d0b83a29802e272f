import { parseEnv } from 'node:util'
import t, { type Test } from 'tap'
import { createFixedKeyring } from '../../src/tokens/keyring.ts'
import { listKeys } from '../../src/tokens/stored-keys.ts'
import { startChild, temporaryFolder } from '../fixtures/network/child.ts'
import { postgresDb } from '../fixtures/postgres/database.ts'

async function run(t: Test, args: string[], env: Record<string, string> = {}) {
  const child = startChild(t, 'src/cli/scenepass.ts', {
    args: ['keys', ...args],
    cwd: temporaryFolder(t),
    env,
  })
  return { status: await child.ended, out: child.stdout(), err: child.stderr() }
}

t.test('the keys in the database', async (t) => {
  const { db, url } = await postgresDb(t)
  const env = { DATABASE_URL: url }
  const kids = async () => (await listKeys(db, 7200)).map((key) => key.kid)

  t.same(await run(t, ['list'], env), { status: 0, out: '', err: '' }, 'none yet')
  const first = await run(t, ['rotate'], env)
  const second = await run(t, ['rotate'], env)
  const [next = '', signer = ''] = await kids()
  t.match(first, { status: 0, out: `${signer} is published now and signs from 20`, err: '' })
  t.match(second, { status: 0, out: `${next} is published now and signs from 20`, err: '' })

  const [list, unknown, hyphen] = await Promise.all([
    run(t, ['list'], env),
    run(t, ['remove', 'there-is-none'], env),
    run(t, ['remove', '-there-is-none'], env),
  ])
  const time = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ'
  t.match(
    list.out,
    new RegExp(`^${next}  next     signs from ${time}\n${signer}  signs    signs from ${time}\n$`),
  )
  t.same(unknown, { status: 1, out: '', err: 'There is no key there-is-none.\n' })

  t.same(hyphen, { status: 1, out: '', err: 'There is no key -there-is-none.\n' })

  const removed = await run(t, ['remove', signer], env)
  t.match(removed, { status: 0, out: `${signer} is gone.`, err: '' })
  t.same(await kids(), [next])
  t.equal((await listKeys(db, 7200))[0]?.state, 'signs')
})

t.test('generate prints what SIGNING_KEYS wants, and needs no database', async (t) => {
  const unreachable = { DATABASE_URL: 'postgres://127.0.0.1:1/none' }
  const { status, out, err } = await run(t, ['generate'], unreachable)
  t.same([status, err], [0, ''])
  t.match(out, /^\{"keys":\[\{.*"d":.*\}\]\}\n$/)
  const ring = await createFixedKeyring(out.trim())
  t.equal((await ring.signer()).kid, JSON.parse(out).keys[0].kid)
})

t.test(
  'an unknown command is one sentence and status 2, an impossible one is a sentence and status 1',
  async (t) => {
    const env = { DATABASE_URL: 'postgres://127.0.0.1:1/none' }
    const [none, wrong, incomplete, own, misset] = await Promise.all([
      run(t, [], env),
      run(t, ['revoke'], env),
      run(t, ['remove'], env),
      run(t, ['list'], { ...env, SIGNING_KEYS: '{"keys":[]}' }),
      run(t, ['list'], { ...env, TOKEN_TTL: 'long' }),
    ])
    for (const { status, out, err } of [none, wrong, incomplete]) {
      t.same([status, out], [2, ''])
      t.match(err, /^[^\n]*scenepass keys [^\n]*\n$/)
    }
    t.match(own, { status: 1, out: '', err: /^SIGNING_KEYS is set, so the keys are yours/ })
    t.match(misset, {
      status: 1,
      out: '',
      err: /^The settings do not fit:\n {2}- TOKEN_TTL must be/,
    })
  },
)

t.test('push prints a Token and an EncodingAESKey that the settings take', async (t) => {
  const [one, other] = await Promise.all([run(t, ['push']), run(t, ['push'])])
  const { OA_TOKEN, OA_AES_KEY, ...rest } = parseEnv(one.out)
  t.same([one.status, one.err, rest], [0, '', {}])
  t.match(OA_TOKEN, /^[0-9A-Za-z]{32}$/)
  t.match(OA_AES_KEY, /^[0-9A-Za-z]{43}$/)
  t.not(one.out, other.out)
})
