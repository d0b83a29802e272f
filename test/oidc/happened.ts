import t from 'tap'
import type { Happened } from '../../src/oidc/happened.ts'
import { startApp } from '../fixtures/app.ts'
import { call } from '../fixtures/network/client.ts'
import { registerApp } from '../fixtures/oidc/app-row.ts'
import { createBrowser, scanByKeyring } from '../fixtures/oidc/driver.ts'

/** What is counted of apps, by their ids. */

t.test('each step of an app is counted once, for that app', async (t) => {
  const seen: Happened[] = []
  const observe = { openId: (happened: Happened) => void seen.push(happened) }
  const { url, db } = await startApp(t, { oidc: {}, observe })
  const app = await registerApp(db, { id: 'wiki', device: true, refresh: true })
  const browser = createBrowser([url], await scanByKeyring(db, url))
  const address = (change: object = {}) =>
    `${url}/oidc/authorize?${new URLSearchParams({
      client_id: app.id,
      redirect_uri: app.redirectUri,
      response_type: 'code',
      scope: 'openid',
      ...change,
    })}`
  const authorization = `Basic ${Buffer.from(`${app.id}:${app.secret}`).toString('base64')}`
  const post = (path: string, form: Record<string, string>, headers: object = { authorization }) =>
    call(`${url}/oidc/${path}`, {
      method: 'POST',
      body: new URLSearchParams(form),
      headers: { ...headers },
    })
  const lately = () => seen.splice(0).map(({ client, event }) => `${client} ${event}`)

  const back = await browser.signIn(address())
  t.same(lately(), ['wiki authorization'], 'and not again when the browser goes on')
  const exchange = {
    grant_type: 'authorization_code',
    code: back.searchParams.get('code') ?? '',
    redirect_uri: app.redirectUri,
  }
  const { body } = await post('token', exchange)
  t.same(lately(), ['wiki tokens'])
  await post('token', { grant_type: 'refresh_token', refresh_token: body.refresh_token })
  t.same(lately(), ['wiki refresh'])
  await call(`${url}/oidc/userinfo`, { headers: { authorization: 'Bearer none' } })
  t.same(lately(), [], 'an old access token is no trouble')
  await post('token', exchange)
  t.same(lately(), ['wiki error'], 'a code that was used')

  const { body: gaveUp } = await browser.giveUp(await browser.begin(address()))
  await browser.resume(gaveUp.redirect_to)
  t.same(lately(), ['wiki authorization', 'wiki denied'])
  await browser.open(address({ prompt: 'none' }))
  t.same(lately(), [], 'nor is a browser that is not remembered')
  await browser.open(address({ redirect_uri: 'https://evil.example/' }))
  t.same(lately(), ['wiki error'])

  const { body: device } = await post('device_authorization', { scope: 'openid' })
  const grant = 'urn:ietf:params:oauth:grant-type:device_code'
  await post('token', { grant_type: grant, device_code: device.device_code })
  t.same(lately(), ['wiki device'], 'that it waits is not counted')

  const wrong = `Basic ${Buffer.from(`${app.id}:wrong`).toString('base64')}`
  await post('token', exchange, { authorization: wrong })
  await post('token', { ...exchange, client_id: 'x'.repeat(40), client_secret: 'y' }, {})
  await browser.open(address({ client_id: 'made-up' }))
  for (const each of lately()) t.match(each, /^(wiki)? error$/)
  t.notOk(seen.some(({ client }) => !['wiki', ''].includes(client)))
})
