import { createRemoteJWKSet, jwtVerify } from 'jose'
import t from 'tap'
import { ISSUER, startApp } from '../fixtures/app.ts'
import { load } from '../fixtures/browser/miniprogram.ts'
import { encode, openWechat } from '../fixtures/browser/wechat-phone.ts'
import { clientOf } from '../fixtures/network/client.ts'

/**
 * While the mini program runs: WeChat loads its page anew for a scene, or brings back the one that is
 * still there; and it has a login of its own.
 */
const { url } = await startApp(t)
const { create, poll } = clientOf(url)

const scansOf = (phone: ReturnType<typeof openWechat>): string[] =>
  phone.calls.flatMap(({ what }) => /^POST \/ticket\/(.*)\/scan$/.exec(what)?.[1] ?? [])

t.test('coming back from the background changes nothing', async (t) => {
  const phone = openWechat(url, { language: 'en' })
  const ticket = await create()
  const page = phone.open(ticket.scene)
  page.show()
  await page.until('Confirm')
  page.show()
  page.tap('Confirm')
  await page.until('Signed in')
  page.show()
  page.show()
  t.match(page.text(), 'Signed in')
  t.same(scansOf(phone), [ticket.scene])
  page.close()
})

t.test('a second code that is scanned while it runs takes the first one’s place', async (t) => {
  const phone = openWechat(url, { language: 'en' })
  const [first, second] = [await create(), await create()]
  const page = phone.open(first.scene)
  await page.until(first.match_code)
  page.show({ scene: encode(second.scene) })
  await page.until('One moment')
  await page.until(second.match_code)
  page.tap('Confirm')
  await page.until('Signed in')
  t.match((await poll(first)).body, { status: 'scanned' })
  t.match((await poll(second)).body, { status: 'confirmed' })
  t.same(scansOf(phone), [first.scene, second.scene])
  page.close()
})

t.test('an answer about the first code is too late once there is a second', async (t) => {
  const phone = openWechat(url, { language: 'en' })
  const [first, second] = [await create(), await create()]
  const page = phone.open(first.scene)
  page.show({ scene: encode(second.scene) })
  await page.until(`number: ${second.match_code}`)
  t.same(scansOf(phone), [second.scene], 'the first was not even asked for')

  const [third, fourth] = [await create(), await create()]
  page.show({ scene: third.scene })
  await page.until(`number: ${third.match_code}`)
  page.tap('Confirm')
  await page.until(() => phone.calls.at(-1)?.what === 'POST /login')
  page.show({ scene: fourth.scene })
  await page.until(`number: ${fourth.match_code}`)
  await page.until(() => phone.logins.length === 1)
  t.match(page.text(), fourth.match_code)
  t.match((await poll(third)).body, { status: 'confirmed' }, 'what was tapped holds')
  t.match((await poll(fourth)).body, { status: 'scanned' })
  page.close()
})

t.test('a code that brought the mini program to another page is none of ours', async (t) => {
  const phone = openWechat(url, { language: 'en' })
  phone.path = 'pages/shop/item'
  const page = phone.open(undefined, { scene: (await create()).scene })
  await page.until('Confirm')
  page.close()

  const calls = phone.calls.length
  const other = phone.open(undefined, {})
  await other.until('Sign in by scanning')
  other.show({ scene: 'id%3D5' })
  t.match(other.text(), 'Sign in by scanning')
  t.equal(phone.calls.length, calls)
  other.close()
})

t.test(
  'the mini program’s own links to the page work while WeChat repeats an old scene',
  async () => {
    const phone = openWechat(url, { language: 'en' })
    const [scanned, linked, given] = [await create(), await create(), await create()]
    const first = phone.open(scanned.scene)
    await first.until(`number: ${scanned.match_code}`)
    first.close()

    const { getEnterOptionsSync } = phone.wx
    phone.wx.getEnterOptionsSync = () => ({
      ...getEnterOptionsSync(),
      query: { scene: encode(scanned.scene) },
    })
    const page = phone.open(linked.scene)
    page.show()
    await page.until(`number: ${linked.match_code}`)
    page.options({ scene: given.scene })
    await page.until(`number: ${given.match_code}`)
    page.close()
  },
)

t.test('a page that is gone shows nothing more, and its answer is kept all the same', async (t) => {
  const phone = openWechat(url, { language: 'en' })
  const ticket = await create()
  const page = phone.open(ticket.scene)
  await page.until('Confirm')
  page.tap('Confirm')
  await page.until(() => phone.calls.at(-1)?.what === 'POST /login')
  page.close()
  await page.until(() => phone.stored.size === 1)
  t.match((await poll(ticket)).body, { status: 'confirmed' })
})

t.test('its own login is kept, and told to the app', async (t) => {
  const phone = openWechat(url, { language: 'en' })
  const ticket = await create()
  const page = phone.open(ticket.scene)
  await page.until('Confirm')
  const before = Date.now()
  page.tap('Confirm')
  await page.until('Signed in')
  t.equal(phone.logins.length, 1)
  const [login] = phone.logins
  const website = (await poll(ticket)).body
  t.equal(login.user.id, website.user.id)
  t.ok(Math.abs(login.expires - before - 7_200_000) < 5_000)
  t.same([...phone.stored.values()], [login])
  const jwks = createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`))
  await jwtVerify(login.token, jwks, { issuer: ISSUER, audience: 'miniprogram' })
  t.not(login.token, website.token)
  page.close()
})

t.test('the mini program can sign in for itself', async (t) => {
  const { ownLogin, keptLogin } = load('./components/scene-pass-confirm/own-login.js')
  const phone = openWechat(url, { user: 'carol' })
  t.equal(keptLogin(), null)
  const login = await ownLogin()
  t.match(login, { user: { id: /^[0-9a-f-]{36}$/ }, token: String })
  t.same(keptLogin(), login)
  t.same(
    phone.calls.map(({ what }) => what),
    ['wx.login', 'POST /login'],
  )
  const { now } = Date
  t.teardown(() => (Date.now = now))
  Date.now = () => now() + 7_201_000
  t.equal(keptLogin(), null, 'it has expired')
  Date.now = now

  phone.user = 'mallory'
  await t.rejects(ownLogin(), {
    message: 'POST /login: 403',
    body: { code: 'WECHAT_USER_BLOCKED' },
  })
  phone.offline = true
  t.match(await ownLogin().catch((error: unknown) => error), { errMsg: 'login:fail' })
  t.same([...phone.stored.values()], [login], 'the last good one stays')
})
