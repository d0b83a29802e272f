import { sql } from 'kysely'
import t from 'tap'
import type { Db } from '../../src/db/pool.ts'
import {
  addClient,
  removeClient,
  renewSecret,
  setClient,
  type NewClient,
} from '../../src/oidc/change-clients.ts'
import { clientsOf, isClientId, newClientId, SANDBOX_CLIENT } from '../../src/oidc/client-ids.ts'
import { findAnyClient, findClient, listClients } from '../../src/oidc/clients.ts'
import { hashSecret } from '../../src/tickets/secret.ts'
import { databases, postgresDb } from '../fixtures/postgres/database.ts'

const wiki: NewClient = {
  id: 'wiki',
  name: '内部知识库',
  device: false,
  redirectUris: ['https://wiki.example.com/cb', 'https://wiki.example.com/a,b"{}'],
  postLogoutRedirectUris: ['https://wiki.example.com/'],
  homeUrl: 'https://wiki.example.com/',
  idTokenAlg: 'RS256',
  refresh: true,
  wechat: true,
  placeholderEmail: false,
}
const SECRET = /^[A-Za-z0-9_-]{43}$/

/** Its secret; null: it is public. */
async function added(db: Db, client = wiki, isPublic = false): Promise<string | null> {
  const result = await addClient(db, client, { isPublic })
  if (!result) throw new Error('there is one already')
  return result.secret
}

for (const { name, open } of databases) {
  t.test(`a client's life on ${name}`, async (t) => {
    const { db } = await open(t)
    t.equal(await findClient(db, 'wiki'), null)
    const secret = await added(db)
    t.match(secret, SECRET)
    const whole = { ...wiki, secretHash: hashSecret(secret ?? ''), disabled: false }
    t.strictSame(await findClient(db, 'wiki'), whole, 'known by the hash of its secret')
    t.equal(await addClient(db, { ...wiki, name: 'Other' }, { isPublic: true }), false)
    t.strictSame(await findClient(db, 'wiki'), whole, 'it stays what it is')

    const cli = { ...wiki, id: 'cli', redirectUris: [], homeUrl: null, device: true }
    t.equal(await added(db, cli, true), null)
    t.same((await listClients(db)).map(({ id }) => id), ['wiki', 'cli']) // prettier-ignore

    const fresh = await renewSecret(db, 'wiki')
    t.match(fresh, SECRET)
    t.not(fresh, secret)
    t.equal((await findClient(db, 'wiki'))?.secretHash, hashSecret(fresh ?? ''))
    t.equal(await renewSecret(db, 'cli'), null, 'a public one has none')
    t.equal((await findClient(db, 'cli'))?.secretHash, null)
    t.equal(await renewSecret(db, 'none'), null)

    const changed = await setClient(db, 'wiki', { name: 'Wiki', disabled: true }, () => {})
    t.match(changed, { name: 'Wiki', refresh: true, disabled: true })
    t.equal(await findClient(db, 'wiki'), null, 'a disabled one signs nobody in')
    t.strictSame(await findAnyClient(db, 'wiki'), changed)
    t.equal((await listClients(db)).length, 2)
    await setClient(db, 'wiki', { disabled: false, homeUrl: null }, () => {})
    t.match(await findClient(db, 'wiki'), { name: 'Wiki', homeUrl: null, disabled: false })
    const no = () => {
      throw new Error('no')
    }
    await t.rejects(setClient(db, 'wiki', { name: 'Never' }, no), { message: 'no' })
    t.match(await findClient(db, 'wiki'), { name: 'Wiki' })
    t.equal(await setClient(db, 'none', { name: 'x' }, () => {}), null)
  })

  t.test(`who removes a client on ${name} takes all of its records, and no others`, async (t) => {
    const { db } = await open(t)
    for (const id of ['wiki', 'shop']) {
      await added(db, { ...wiki, id })
      for (const [model, payload] of [
        ['AccessToken', { clientId: id }],
        ['RefreshToken', { clientId: id }],
        ['Grant', { clientId: id }],
        ['Interaction', { params: { client_id: id } }],
      ] as const) {
        await sql`
          insert into oidc_records (model, id, payload, expires_at)
          values (${model}, ${id}, ${JSON.stringify(payload)}::text::jsonb, now() + interval '1 hour')
        `.execute(db)
      }
    }
    await sql`
      insert into oidc_records (model, id, payload, expires_at) values ('Session', 's', '{}', now())
    `.execute(db)
    t.equal(await removeClient(db, 'wiki'), true)
    const { rows } = await sql`select model, id from oidc_records order by id, model`.execute(db)
    t.same(rows, [
      { model: 'Session', id: 's' },
      ...['AccessToken', 'Grant', 'Interaction', 'RefreshToken'].map((model) => ({
        model,
        id: 'shop',
      })),
    ])
    t.equal(await findAnyClient(db, 'wiki'), null)
    t.equal(await removeClient(db, 'wiki'), false)
  })
}

t.test('what the provider may know: no reserved id, the sandbox only in the sandbox', async (t) => {
  const { db } = await postgresDb(t)
  for (const id of ['wiki', 'web', 'sandbox', '.hidden']) await added(db, { ...wiki, id })
  const reserved = ['web', 'miniprogram']
  const clients = clientsOf(db, { reserved, sandbox: false })
  t.equal((await clients.find('wiki'))?.id, 'wiki')
  for (const id of ['web', 'miniprogram', 'sandbox', '.hidden', 'none', '', 'x'.repeat(65), '\0']) {
    t.equal(await clients.find(id), null, JSON.stringify(id))
  }
  const inSandbox = clientsOf(db, { reserved, sandbox: true })
  t.strictSame(await inSandbox.find('sandbox'), SANDBOX_CLIENT, 'not the row of that name')
  t.equal(await inSandbox.find('web'), null)
  t.equal((await inSandbox.find('wiki'))?.id, 'wiki')
  const asAudience = clientsOf(db, { reserved: ['sandbox', 'miniprogram'], sandbox: true })
  t.equal(await asAudience.find('sandbox'), null)
  t.match(SANDBOX_CLIENT, { secretHash: null, device: true, refresh: true })
})

t.test('ids', async (t) => {
  const ids = Array.from({ length: 100 }, newClientId)
  t.ok(ids.every((id) => /^[a-z]{20}$/.test(id) && isClientId(id)))
  t.equal(new Set(ids).size, 100)
  for (const id of ['a', 'Shop_1.x-y', '7', 'x'.repeat(64)]) t.ok(isClientId(id), id)
  for (const id of ['', '-x', '_x', 'a b', 'a/b', 'é', 'x\n', 'x'.repeat(65)])
    t.notOk(isClientId(id))
})

t.test('of twenty that add one id at once, one does', async (t) => {
  const { db } = await postgresDb(t)
  const all = await Promise.all(
    Array.from({ length: 20 }, () => addClient(db, wiki, { isPublic: false })),
  )
  const won = all.filter((each) => each !== false)
  t.equal(won.length, 1)
  t.equal((await findClient(db, 'wiki'))?.secretHash, hashSecret(won[0]?.secret ?? ''))
})
