import { readFileSync, writeFileSync } from 'node:fs'
import { sql } from 'kysely'
import t from 'tap'
import type { Db } from '../../src/db/pool.ts'
import { databases, postgresDb } from '../fixtures/postgres/database.ts'
import { root } from '../fixtures/root.ts'
import { dumpSchema } from '../fixtures/postgres/dump.ts'

const committed = new URL('test/fixtures/postgres/schema.txt', root)

for (const { name, open } of databases) {
  t.test(`the migrations make the committed schema on ${name}`, async (t) => {
    const { db } = await open(t)
    const dump = await dumpSchema(db)
    if (process.env['SCENEPASS_UPDATE_SCHEMA'] && name === 'PostgreSQL') {
      writeFileSync(committed, dump)
    }
    t.equal(dump, readFileSync(committed, 'utf8'), 'SCENEPASS_UPDATE_SCHEMA=1 rewrites it')
  })
}

type Row = Record<string, unknown>

const USER = '11111111-1111-4111-8111-111111111111'
const SCENE = 'abcdefghijklmnopqrst-_'
const STRANGER = '99999999-9999-4999-8999-999999999999'
const hour = sql`now() + interval '1 hour'`
const owner = { appid: 'wx1', openid: 'o1' }

/** One good row a table; the second makes a primary key clash with it. */
const good: Record<string, Row> = {
  users: { id: USER },
  tickets: {
    scene: SCENE,
    secret_hash: Buffer.alloc(32),
    match_code: '47',
    expires_at: hour,
  },
  identities: { ...owner, user_id: USER },
  signing_keys: {
    kid: 'k1',
    private_jwk: '{"kty":"EC","crv":"P-256","d":"x"}',
    signs_from: hour,
  },
  rate_limits: { key: 'k', count: 1, resets_at: hour },
  logins: { outcome: 'signed_in', ...owner, user_id: USER },
  code_stock: { scene: SCENE, made_for: 'm' },
  code_images: { scene: SCENE, image: Buffer.alloc(1) },
  chosen_scenes: { hash: Buffer.alloc(16) },
  leases: { name: 'n', owner: 'o', expires_at: hour },
}
const confirmed = { ...owner, status: 'confirmed', user_id: USER }
const denied = { outcome: 'denied', reason: 'declined', scene: SCENE, user_id: null }

/** For every constraint: what makes the good row of its table a bad one. */
const bad: Record<string, Row[]> = {
  'users.users_pkey': [{}],
  'users.users_merged_into_fkey': [{ id: STRANGER, merged_into: STRANGER.replace('9', '8') }],
  'users.users_merged_into_other': [{ id: STRANGER, merged_into: STRANGER }],
  'tickets.tickets_pkey': [{}],
  'tickets.tickets_scene_shape': [
    { scene: 'abcdefghijklmnopqrstu' },
    { scene: 'a'.repeat(33) },
    { scene: 'abcdefghijklmnopqrstuv!' },
    { scene: 'abcdefghijklmnopqrstuv\n' },
  ],
  'tickets.tickets_secret_hash_length': [
    { secret_hash: Buffer.alloc(31) },
    { secret_hash: Buffer.alloc(33) },
  ],
  'tickets.tickets_status_known': [{ status: 'expired' }, { status: '' }],
  'tickets.tickets_match_code_shape': [
    { match_code: '07' },
    { match_code: '7' },
    { match_code: '470' },
  ],
  'tickets.tickets_requested_ip_length': [{ requested_ip: '1'.repeat(46) }],
  'tickets.tickets_requested_browser_length': [{ requested_browser: 'b'.repeat(65) }],
  'tickets.tickets_requested_os_length': [{ requested_os: 'o'.repeat(65) }],
  'tickets.tickets_requested_country_shape': [
    { requested_country: 'cn' },
    { requested_country: 'CHN' },
    { requested_country: 'T1' },
    { requested_country: '' },
  ],
  'tickets.tickets_requested_network_length': [{ requested_network: '1'.repeat(46) }],
  'tickets.tickets_appid_length': [{ ...owner, appid: 'a'.repeat(65) }],
  'tickets.tickets_openid_length': [{ ...owner, openid: 'o'.repeat(129) }],
  'tickets.tickets_owner_whole': [{ appid: 'wx1' }, { openid: 'o1' }],
  'tickets.tickets_owner_known': [{ status: 'scanned' }],
  'tickets.tickets_user_known': [
    { ...owner, status: 'confirmed' },
    { ...owner, status: 'consumed', consumed_at: hour },
    { user_id: USER },
    { ...owner, status: 'denied', user_id: USER },
  ],
  'tickets.tickets_token_length': [{ ...confirmed, token: 't'.repeat(4097) }],
  'tickets.tickets_token_state': [{ token: 't' }, { ...owner, status: 'scanned', token: 't' }],
  'tickets.tickets_consumed_at_state': [
    { ...confirmed, consumed_at: hour },
    { ...confirmed, status: 'consumed' },
  ],
  'tickets.tickets_channel_known': [{ channel: 'sms' }],
  'tickets.tickets_code_image_length': [{ code_image: Buffer.alloc(1_048_577) }],
  'tickets.tickets_url_link_length': [{ url_link: '' }, { url_link: 'x'.repeat(1025) }],
  'identities.identities_pkey': [{}],
  'identities.identities_user_id_fkey': [{ openid: 'o2', user_id: STRANGER }],
  'identities.identities_appid_length': [{ appid: '' }, { appid: 'a'.repeat(65) }],
  'identities.identities_openid_length': [{ openid: '' }, { openid: 'o'.repeat(129) }],
  'identities.identities_unionid_length': [
    { openid: 'o2', unionid: '' },
    { openid: 'o2', unionid: 'u'.repeat(129) },
  ],
  'signing_keys.signing_keys_pkey': [{}],
  'signing_keys.signing_keys_kid_length': [{ kid: '' }, { kid: 'k'.repeat(65) }],
  'signing_keys.signing_keys_private_jwk_kind': [
    { kid: 'k2', private_jwk: '{"kty":"RSA","crv":"P-256","d":"x"}' },
    { kid: 'k2', private_jwk: '{"kty":"EC","crv":"P-384","d":"x"}' },
    { kid: 'k2', private_jwk: '{"kty":"EC","crv":"P-256"}' },
    { kid: 'k2', private_jwk: '{}' },
    { kid: 'k2', private_jwk: '[]' },
  ],
  'rate_limits.rate_limits_pkey': [{}],
  'rate_limits.rate_limits_key_length': [{ key: '' }, { key: 'k'.repeat(129) }],
  'rate_limits.rate_limits_count_positive': [{ key: 'k2', count: 0 }],
  'logins.logins_pkey': [{ id: 1 }],
  'logins.logins_outcome_known': [{ outcome: 'expired', scene: SCENE }],
  'logins.logins_reason_known': [{ ...denied, reason: 'a whim' }],
  'logins.logins_reason_state': [{ reason: 'declined' }, { ...denied, reason: null }],
  'logins.logins_scene_state': [{ scene: SCENE }, { ...denied, scene: null }],
  'logins.logins_user_state': [{ user_id: null }, { ...denied, user_id: USER }],
  'logins.logins_scene_length': [
    { ...denied, scene: SCENE.slice(1) },
    { ...denied, scene: SCENE.repeat(2).slice(0, 33) },
  ],
  'logins.logins_appid_length': [{ appid: '' }, { appid: 'a'.repeat(65) }],
  'logins.logins_openid_length': [{ openid: '' }, { openid: 'o'.repeat(129) }],
  'logins.logins_requested_ip_length': [{ requested_ip: '1'.repeat(46) }],
  'logins.logins_requested_browser_length': [{ requested_browser: 'b'.repeat(65) }],
  'logins.logins_requested_os_length': [{ requested_os: 'o'.repeat(65) }],
  'logins.logins_phone_ip_length': [{ phone_ip: '1'.repeat(46) }],
  'code_stock.code_stock_pkey': [{}],
  'code_stock.code_stock_scene_shape': [
    { scene: 'abcdefghijklmnopqrstu' },
    { scene: 'a'.repeat(33) },
    { scene: 'abcdefghijklmnopqrstuv!' },
  ],
  'code_stock.code_stock_made_for_length': [{ made_for: '' }, { made_for: 'm'.repeat(65) }],
  'code_stock.code_stock_image_length': [{ image: Buffer.alloc(1_048_577) }],
  'code_stock.code_stock_made_on_length': [{ made_on: '' }, { made_on: 'm'.repeat(65) }],
  'code_images.code_images_pkey': [{}],
  'code_images.code_images_scene_shape': [
    { scene: 'abcdefghijklmnopqrstu' },
    { scene: 'a'.repeat(33) },
    { scene: 'abcdefghijklmnopqrstuv!' },
  ],
  'code_images.code_images_image_length': [{ image: Buffer.alloc(1_048_577) }],
  'chosen_scenes.chosen_scenes_pkey': [{}],
  'chosen_scenes.chosen_scenes_hash_length': [
    { hash: Buffer.alloc(15) },
    { hash: Buffer.alloc(17) },
  ],
  'leases.leases_pkey': [{}],
  'leases.leases_name_length': [{ name: '' }, { name: 'n'.repeat(65) }],
  'leases.leases_owner_length': [
    { name: 'n2', owner: '' },
    { name: 'n2', owner: 'o'.repeat(65) },
  ],
}

const insert = (db: Db, table: string, row: Row) =>
  sql`
    insert into ${sql.table(table)} (${sql.join(Object.keys(row).map((column) => sql.ref(column)))})
    values (${sql.join(Object.values(row))})
  `.execute(db)

t.test('the tables defend themselves', async (t) => {
  const { db } = await postgresDb(t)
  for (const [table, row] of Object.entries(good)) await insert(db, table, row)
  // Otherwise no insert could choose an id that is taken.
  await sql`alter table logins alter column id set generated by default`.execute(db)

  const { rows } = await sql<{ name: string }>`
    select c.relname || '.' || k.conname as name
    from pg_constraint k
    join pg_class c on c.oid = k.conrelid
    where c.relnamespace = 'public'::regnamespace and c.relname !~ '^kysely_' and k.contype <> 'n'
  `.execute(db)
  t.same(rows.map((row) => row.name).sort(), Object.keys(bad).sort(), 'every constraint is here')

  for (const [name, changes] of Object.entries(bad)) {
    const [table = '', constraint = ''] = name.split('.')
    for (const change of changes) {
      const row = { ...good[table], ...change }
      // A fresh key, so that only what is tested is wrong.
      if (table === 'tickets' && constraint !== 'tickets_pkey' && !('scene' in change)) {
        row['scene'] = 'zyxwvutsrqponmlkjihgfe'
      }
      const error = await insert(db, table, row).then(
        () => null,
        (e: unknown) => e,
      )
      t.match(error, { constraint }, `${name} ${Object.keys(change)}`)
    }
  }

  for (const [table, row] of Object.entries(good)) {
    for (const column of Object.keys(row)) {
      // Who declines need not be a user.
      if (`${table}.${column}` === 'logins.user_id') continue
      await t.rejects(
        insert(db, table, { ...row, [column]: null }),
        { code: '23502' },
        `${table}.${column} is never null`,
      )
    }
  }
})
