import { parseEnv } from 'node:util'
import t, { type Test } from 'tap'
import { createFixedKeyring } from '../../src/tokens/keyring.ts'
import { createFirstKey, listKeys } from '../../src/tokens/stored-keys.ts'
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
  t.match(first, {
    status: 0,
    out: `${signer} (ES256) is published now and signs from 20`,
    err: '',
  })
  t.match(second, { status: 0, out: `${next} (ES256) is published now and signs from 20`, err: '' })

  const [list, unknown, hyphen] = await Promise.all([
    run(t, ['list'], env),
    run(t, ['remove', 'there-is-none'], env),
    run(t, ['remove', '-there-is-none'], env),
  ])
  const time = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ'
  t.match(
    list.out,
    new RegExp(
      `^${next}  next     ES256  signs from ${time}\n${signer}  signs    ES256  signs from ${time}\n$`,
    ),
  )
  t.same(unknown, { status: 1, out: '', err: 'There is no key there-is-none.\n' })

  t.same(hyphen, { status: 1, out: '', err: 'There is no key -there-is-none.\n' })

  const removed = await run(t, ['remove', signer], env)
  t.match(removed, { status: 0, out: `${signer} is gone.`, err: '' })
  t.same(await kids(), [next])
  t.equal((await listKeys(db, 7200))[0]?.state, 'signs')
})

t.test(
  'RSA keys, where there are any, are listed, rotated, exported and removed alike',
  async (t) => {
    const { db, url } = await postgresDb(t)
    const env = { DATABASE_URL: url }
    await createFirstKey(db)
    await createFirstKey(db, 'RS256')
    const rotated = await run(t, ['rotate'], env)
    t.match(
      rotated.out,
      /^\S+ \(ES256\) is published now and .*\n\S+ \(RS256\) is published now and .*\n$/,
    )
    const [list, exported] = await Promise.all([run(t, ['list'], env), run(t, ['export'], env)])
    const rows = list.out.trim().split('\n')
    t.same(
      rows.map((row) => row.split(/ +/).slice(1, 3).join(' ')),
      ['next ES256', 'signs ES256', 'next RS256', 'signs RS256'],
    )
    const [, ec, , rsa] = rows.map((row) => row.split(' ')[0] ?? '')
    const ring = await createFixedKeyring(exported.out, { rsa: true })
    t.equal((await ring.signer()).kid, ec)
    t.equal((await ring.privateJwks())[0]?.kid, rsa, 'the same ones sign')
    t.equal((await ring.jwks()).keys.length, 4)

    t.match(await run(t, ['remove', rsa ?? ''], env), { status: 0, out: `${rsa} is gone.` })
    const left = await listKeys(db, 7200, 'RS256')
    t.same([left.length, left[0]?.state], [1, 'signs'])
  },
)

t.test('generate prints what SIGNING_KEYS wants, and needs no database', async (t) => {
  const unreachable = { DATABASE_URL: 'postgres://127.0.0.1:1/none' }
  const { status, out, err } = await run(t, ['generate'], unreachable)
  t.same([status, err], [0, ''])
  t.match(out, /^\{"keys":\[\{.*"d":.*\}\]\}\n$/)
  const ring = await createFixedKeyring(out.trim())
  t.equal((await ring.signer()).kid, JSON.parse(out).keys[0].kid)

  const both = await run(t, ['generate', '--rsa'], unreachable)
  t.same([both.status, both.err], [0, ''])
  const pair = await createFixedKeyring(both.out.trim(), { rsa: true })
  t.match(
    (await pair.jwks()).keys.map(({ alg }) => alg),
    ['ES256', 'RS256'],
  )
})

t.test(
  'an unknown command is one sentence and status 2, an impossible one is a sentence and status 1',
  async (t) => {
    const env = { DATABASE_URL: 'postgres://127.0.0.1:1/none' }
    const [none, wrong, incomplete, option, own, misset] = await Promise.all([
      run(t, [], env),
      run(t, ['revoke'], env),
      run(t, ['remove'], env),
      run(t, ['generate', '--dsa'], env),
      run(t, ['list'], { ...env, SIGNING_KEYS: '{"keys":[]}' }),
      run(t, ['list'], { ...env, TOKEN_TTL: 'long' }),
    ])
    for (const { status, out, err } of [none, wrong, incomplete, option]) {
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
