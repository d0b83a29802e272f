import { sql } from 'kysely'
import t from 'tap'
import { knownBrowser } from '../../src/audit/known-browser.ts'
import { userIdOf } from '../../src/users/find.ts'
import { identifyUser } from '../../src/users/identify.ts'
import { postgresDb } from '../fixtures/postgres/database.ts'

const { db } = await postgresDb(t)
const APPID = 'wx5a4db0c500000000'
const alice = { appid: APPID, openid: 'o-alice' }
const bob = { appid: APPID, openid: 'o-bob' }
const chrome = { browser: 'Chrome 142', os: 'Windows' }

const isKnown = async (...of: Parameters<typeof knownBrowser>) =>
  (await sql<{ known: boolean }>`select ${knownBrowser(...of)} as known`.execute(db)).rows[0]?.known

const register = async (who: typeof alice) => (await identifyUser(db, { ...who, unionid: null })).id

async function remember(
  who: typeof alice,
  { browser, os }: { browser: string | null; os: string | null },
  outcome: 'confirmed' | 'denied' | 'signed_in' = 'confirmed',
): Promise<void> {
  const userId = outcome === 'denied' ? null : await register(who)
  await sql`
    insert into logins (
      outcome, reason, scene, user_id, appid, openid, requested_browser, requested_os
    )
    values (
      ${outcome}, ${outcome === 'denied' ? 'declined' : null},
      ${outcome === 'signed_in' ? null : 'A1'.repeat(11)},
      ${userId}::uuid, ${who.appid}, ${who.openid}, ${browser}, ${os}
    )
  `.execute(db)
}

t.beforeEach(() => sql`truncate logins`.execute(db))

t.test('who has never signed in knows no browser, registered or not', async (t) => {
  t.equal(await isKnown(userIdOf({ appid: APPID, openid: 'o-stranger' }), chrome), false)
  await register(alice)
  t.equal(await isKnown(userIdOf(alice), chrome), false)
})

t.test('a browser is known by its name and its system, in every version', async (t) => {
  await remember(alice, chrome)
  for (const [browser, os, known] of [
    ['Chrome 142', 'Windows', true],
    ['Chrome 9', 'Windows', true],
    ['Chrome', 'Windows', true],
    ['Chrome 142', 'macOS', false],
    ['Chrome 142', null, false],
    ['Chromium 142', 'Windows', false],
    ['Firefox 142', 'Windows', false],
    [null, 'Windows', false],
    [null, null, false],
  ] as const) {
    t.equal(await isKnown(userIdOf(alice), { browser, os }), known, `${browser}, ${os}`)
  }
  t.equal(await isKnown(userIdOf(bob), chrome), false, 'to her, not to him')
})

t.test('a browser that hides its name is known as that and nothing else', async (t) => {
  await remember(alice, { browser: null, os: null })
  t.equal(await isKnown(userIdOf(alice), { browser: null, os: null }), true)
  t.equal(await isKnown(userIdOf(alice), chrome), false)
})

t.test('only a login makes a browser known', async (t) => {
  await remember(alice, chrome, 'denied')
  await remember(alice, { browser: null, os: null }, 'signed_in')
  t.equal(await isKnown(userIdOf(alice), chrome), false, 'she declined')
  const hidden = { browser: null, os: null }
  t.equal(await isKnown(userIdOf(alice), hidden), false, 'that was no browser')
})

t.test('the latest five hundred logins count', async (t) => {
  await remember(alice, chrome)
  const userId = await register(alice)
  const add = (count: number) =>
    sql`
      insert into logins (
        created_at, outcome, scene, user_id, appid, openid, requested_browser, requested_os
      )
      select
        now() + n * interval '1 second', 'confirmed', repeat('A1', 11), ${userId}::uuid,
        'wx1', 'o1', 'Safari 18', 'macOS'
      from generate_series(1, ${count}::int) as n
    `.execute(db)
  await add(499)
  t.equal(await isKnown(userIdOf(alice), chrome), true)
  await add(1)
  t.equal(await isKnown(userIdOf(alice), chrome), false)
})
