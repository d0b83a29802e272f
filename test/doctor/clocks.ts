import t from 'tap'
import { checkDatabaseClock, checkWechatClock } from '../../src/doctor/clocks.ts'
import { postgresDb } from '../fixtures/postgres/database.ts'

const AT = Date.UTC(2026, 10, 22, 10, 0, 0)

/** With our clock so many seconds ahead of WeChat's, and an answer that took a fifth of a second. */
const apart = (seconds: number) =>
  checkWechatClock({
    date: new Date(AT).toUTCString(),
    before: AT + 400 + seconds * 1000,
    after: AT + 600 + seconds * 1000,
  })

t.test('five seconds are worth a word, a minute is too much', async (t) => {
  t.equal(apart(0).status, 'ok')
  t.equal(apart(5).status, 'ok', 'the header has whole seconds')
  t.equal(apart(-5).status, 'ok')
  t.match(apart(7), { status: 'warning', says: { en: /is 7\.0 s ahead of/, zh: /快 7\.0 秒/ } })
  t.match(apart(-59), { status: 'warning', says: { en: /is 59\.0 s behind/, zh: /慢 59\.0 秒/ } })
  t.match(apart(61), { status: 'failed', says: { en: /certificates/i }, fix: { zh: /NTP/ } })
  t.equal(apart(-3600).status, 'failed')
})

t.test('an answer that took long proves little', async (t) => {
  const date = new Date(AT).toUTCString()
  t.equal(checkWechatClock({ date, before: AT, after: AT + 20_000 }).status, 'ok')
})

t.test('without a header nothing is known', async (t) => {
  for (const date of [undefined, 'yesterday']) {
    const { status, says } = checkWechatClock({ date, before: AT, after: AT })
    t.equal(status, 'unchecked')
    t.match(says.en, /^Not checked: .* because /)
  }
})

t.test('the database is asked what time it is', async (t) => {
  const { db } = await postgresDb(t, 1)
  const skewed = (ms: number) => checkDatabaseClock(db, () => Date.now() + ms, { oidc: false })
  t.match(await skewed(0), { status: 'ok', says: { en: /agrees with the database's clock/ } })
  t.equal((await skewed(-10_000)).status, 'warning')
  t.match(await skewed(90_000), { status: 'failed', says: { en: /90\.\d s ahead.*Login tokens/ } })
})
