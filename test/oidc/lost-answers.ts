import { sql } from 'kysely'
import t from 'tap'
import type { Db } from '../../src/db/pool.ts'
import { codeOf, startStage } from '../fixtures/oidc/stage.ts'

/** The database goes away at the moment when records of one kind are written. */
async function fails(db: Db, model: string, work: () => Promise<void>): Promise<void> {
  await sql`
    create or replace function refuse() returns trigger language plpgsql as $$
      begin raise exception 'not now' using errcode = '57P03'; end
    $$
  `.execute(db)
  await sql`
    create trigger refuse before insert or update on oidc_records
    for each row when (new.model = ${sql.lit(model)}) execute function refuse()
  `.execute(db)
  await work()
  await sql`drop trigger refuse on oidc_records`.execute(db)
}

for (const ssoMinutes of [0, 60]) {
  t.test(`what fails after the scan needs no second one: SSO ${ssoMinutes}`, async (t) => {
    const { db, browser, authorizeUrl, redeem } = await startStage(t, {
      instances: 2,
      oidc: { ssoMinutes },
    })

    /** A sign-in that is finished, and not yet back at the app. */
    async function finished() {
      const person = browser()
      const uid = await person.begin(authorizeUrl())
      const { body } = await person.finish(uid, await person.scan(uid, 'alice'))
      const path = `/oidc/authorize/${uid}`
      const resumeCookie = { name: 'scenepass_resume', value: uid, path }
      return { person, to: body.redirect_to as string, resumeCookie }
    }

    for (const model of ['Grant', 'AuthorizationCode', 'Session']) {
      t.test(`the database is away when its ${model} is kept`, async (t) => {
        const { person, to } = await finished()
        await fails(db, model, async () => {
          const answer = await person.open(to)
          t.equal(answer.status, 503)
          t.ok(answer.headers.get('retry-after'))
          t.same(answer.headers.getSetCookie(), [], 'the browser keeps what it came with')
        })
        t.equal((await redeem(codeOf(await person.resume(to)))).status, 200)
      })
    }

    t.test('an answer with a code that was lost is had again, for a minute', async (t) => {
      const { person, to, resumeCookie } = await finished()
      const lost = codeOf(await person.resume(to))
      t.equal((await person.open(to)).status, 400, 'not without the cookie')
      person.jar.set(resumeCookie)
      const code = codeOf(await person.resume(to))
      t.ok(code && code !== lost)
      t.equal((await redeem(code)).status, 200)
      await sql`
        update oidc_records set expires_at = expires_at - interval '60 seconds'
        where model = 'Interaction'
      `.execute(db)
      person.jar.set(resumeCookie)
      const late = await person.open(to)
      t.equal(late.status, 400)
      t.equal(late.headers.get('location'), null)
    })

    t.test('an app is not told of an outage before anybody is asked', async (t) => {
      await fails(db, 'Interaction', async () => {
        const { status, headers } = await browser().open(authorizeUrl())
        t.equal(status, 503)
        t.equal(headers.get('location'), null)
      })
    })
  })
}
