import { decodeJwt } from 'jose'
import { sql } from 'kysely'
import t from 'tap'
import { audienceOf } from '../../src/oidc/interactions.ts'
import { call } from '../fixtures/network/client.ts'
import { registerApp } from '../fixtures/oidc/app-row.ts'
import { codeOf, startStage } from '../fixtures/oidc/stage.ts'

t.test('a sign-in is finished by its own browser with its own token, once', async (t) => {
  const stage = await startStage(t, { instances: 2 })
  const { issuer, db, app, scan, browser, authorizeUrl, urls } = stage

  t.test('not without its cookie, nor with another one’s', async (t) => {
    const victim = browser()
    const uid = await victim.begin(authorizeUrl())
    const token = await scan(uid, 'alice')
    const stranger = browser()
    t.equal((await stranger.finish(uid, token)).status, 400)
    const other = await stranger.begin(authorizeUrl())
    stranger.jar.set({ name: 'scenepass_interaction', value: other, path: `/sign-in/${uid}` })
    t.equal((await stranger.finish(uid, token)).status, 400)
    t.equal((await stranger.giveUp(uid)).status, 400)
    t.equal((await victim.finish(uid, token)).status, 200)
  })

  t.test(
    'not with a token of another sign-in, of the site, of the mini program, or none',
    async (t) => {
      const victim = browser()
      const [uid, tab] = [await victim.begin(authorizeUrl()), await victim.begin(authorizeUrl())]
      const attacker = browser()
      const theirs = await attacker.begin(authorizeUrl())
      const callback = await attacker.signIn(authorizeUrl(), 'eve')
      const { body } = await stage.redeem(codeOf(callback))
      const wrong = [
        await scan(theirs, 'eve'),
        await scan(tab, 'alice'),
        await scan(uid, 'alice', 'web'),
        await scan(uid, 'alice', 'miniprogram'),
        await scan(uid, 'alice', `${issuer}/sign-in/${uid}`),
        body.id_token as string,
        `${(await scan(uid, 'alice')).slice(0, -8)}AAAAAAAA`,
        'rubbish',
      ]
      for (const token of wrong) t.equal((await victim.finish(uid, token)).status, 400)
      t.equal((await victim.finish(uid, await scan(uid, 'alice'))).status, 200)
    },
  )

  t.test('a finished one leads on in its own browser alone', async (t) => {
    const victim = browser()
    const uid = await victim.begin(authorizeUrl())
    const { body } = await victim.finish(uid, await scan(uid, 'alice'))
    const { status, headers } = await browser().open(body.redirect_to)
    t.equal(status, 400)
    t.notOk(headers.get('location'))
    t.ok(codeOf(await victim.resume(body.redirect_to)))
  })

  t.test('a second result is refused, by the same person and by another', async (t) => {
    const victim = browser()
    const uid = await victim.begin(authorizeUrl())
    const again = { cookie: `scenepass_interaction=${uid}` }
    t.equal((await victim.finish(uid, await scan(uid, 'alice'))).status, 200)
    for (const person of ['alice', 'bob']) {
      const { status, body } = await victim.finish(uid, await scan(uid, person), again)
      t.match({ status, body }, { status: 409, body: { code: 'ALREADY_CONFIRMED' } })
    }
  })

  t.test('of eight at once over two instances one counts', async (t) => {
    for (let round = 0; round < 5; round++) {
      const victim = browser()
      const uid = await victim.begin(authorizeUrl())
      const headers = { cookie: `scenepass_interaction=${uid}` }
      const people = Array.from({ length: 8 }, (_, i) => `person-${i}`)
      const tokens = await Promise.all(people.map((person) => scan(uid, person)))
      const answers = await Promise.all(tokens.map((token) => victim.finish(uid, token, headers)))
      const codes = answers.map(({ status }) => status).sort()
      t.same(codes, [200, ...Array<number>(7).fill(409)])
    }
  })

  t.test('a person who gives up is told to the app', async (t) => {
    const person = browser()
    const uid = await person.begin(authorizeUrl({ state: 's9' }))
    const { body } = await person.giveUp(uid)
    const { searchParams } = await person.resume(body.redirect_to)
    t.equal(searchParams.get('error'), 'access_denied')
    t.equal(searchParams.get('state'), 's9')
    t.equal(searchParams.get('iss'), issuer)
  })

  t.test('one that has expired is over', async (t) => {
    const person = browser()
    const uid = await person.begin(authorizeUrl())
    await sql`update oidc_records set expires_at = now() where model = 'Interaction'`.execute(db)
    const { status, body } = await person.finish(uid, await scan(uid, 'alice'))
    t.match({ status, body }, { status: 400, body: { code: 'INVALID_REQUEST' } })
  })

  t.test(
    'of eight that redeem a code at once one gets tokens; a later one takes them back',
    async (t) => {
      for (let round = 0; round < 5; round++) {
        const code = codeOf(await browser().signIn(authorizeUrl()))
        const all = await Promise.all(Array.from({ length: 8 }, (_, i) => stage.redeem(code, i)))
        t.equal(all.filter(({ status }) => status === 200).length, 1)
        const { body } = all.find(({ status }) => status === 200) as (typeof all)[0]
        const userinfo = (url: string) =>
          call(`${url}/oidc/userinfo`, {
            headers: { authorization: `Bearer ${body.access_token}` },
          })
        t.equal((await stage.redeem(code)).body.error, 'invalid_grant')
        t.equal((await userinfo(urls[1] as string)).status, 401)
      }
    },
  )

  t.test('a code of another app, or the row’s key for one, is none', async (t) => {
    const other = await registerApp(db, { id: 'other' })
    const code = codeOf(await browser().signIn(authorizeUrl()))
    t.equal((await stage.redeem(code, 0, { ...other, redirectUri: app.redirectUri })).status, 400)
    const { rows } = await sql<{ id: string }>`
      select id from oidc_records where model = 'AuthorizationCode' and consumed_at is null
    `.execute(db)
    for (const { id } of rows) t.equal((await stage.redeem(id)).status, 400)
    t.equal((await stage.redeem(code)).status, 200)
  })

  t.test('a token names the sign-in by its hash', async (t) => {
    t.notMatch(audienceOf(issuer, 'uid'), /uid$/)
  })

  t.test(
    'an app that is disabled, and a user who is gone, take their tokens with them',
    async (t) => {
      const { body } = await stage.redeem(codeOf(await browser().signIn(authorizeUrl(), 'gone')))
      const { sub } = decodeJwt(body.id_token as string)
      const status = async () =>
        (
          await call(`${issuer}/oidc/userinfo`, {
            headers: { authorization: `Bearer ${body.access_token}` },
          })
        ).status
      t.equal(await status(), 200)
      await sql`update oidc_clients set disabled_at = now() where id = ${app.id}`.execute(db)
      t.equal(await status(), 401)
      await sql`update oidc_clients set disabled_at = null where id = ${app.id}`.execute(db)
      t.equal(await status(), 200)
      await sql`
      with gone as (delete from identities where user_id = ${sub} returning user_id)
      delete from users using gone where id = gone.user_id
    `.execute(db)
      t.equal(await status(), 401)
    },
  )
})
