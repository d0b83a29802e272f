import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { createAsk } from '../src/doctor/ask.ts'
import { checkCache } from '../src/doctor/cache.ts'
import { startApp } from './fixtures/app.ts'
import { call, clientOf } from './fixtures/network/client.ts'
import { findNginx, startNginx } from './fixtures/network/nginx.ts'

/** The cache that panels (宝塔 and others) switch on for a site: it is told to ignore Cache-Control. */
const PANEL = `
  proxy_cache_path cache levels=1:2 keys_zone=panel:1m;
  upstream scenepass {
    server 127.0.0.1:3001 fail_timeout=2s;
  }
  server {
    listen 443 ssl;
    location / {
      proxy_pass http://scenepass;
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_cache panel;
      proxy_ignore_headers Set-Cookie Cache-Control expires;
      proxy_cache_key $host$uri$is_args$args;
      proxy_cache_valid 200 304 301 302 1m;
      proxy_cache_valid any 1m;
      add_header X-Cache $upstream_cache_status;
    }
  }`

const program = findNginx()

function reasonToSkip(): string | false {
  if (program !== null || process.env['SCENEPASS_NGINX'] === 'required') return false
  return 'NOT TESTED: there is no nginx on this machine (apt-get install nginx-light)'
}

/** An instance that leaves it out, to show that this cache is one. */
const withoutVary = async (app: FastifyInstance) => {
  app.addHook('onRequest', async (_request, { raw }) => {
    const writeHead = raw.writeHead.bind(raw) as (status: number, headers?: object) => typeof raw
    raw.writeHead = ((status: number, headers: Record<string, unknown> = {}) => {
      const { vary: _, ...rest } = headers
      return writeHead(status, rest)
    }) as typeof raw.writeHead
  })
}

async function behindPanel(t: Test, around: ((app: FastifyInstance) => Promise<void>)[] = []) {
  if (program === null) throw new Error('SCENEPASS_NGINX=required, and there is none')
  const { url } = await startApp(t, { around, trustProxy: ['loopback'] })
  const port = Number(new URL(url).port)
  const nginx = await startNginx(t, { program, block: PANEL, instances: [port] })
  return { url, through: nginx.url, ...clientOf(nginx.url) }
}

t.test('a panel’s cache without Vary: it hands out tokens', { skip: reasonToSkip() }, async (t) => {
  const { through, create, poll, login } = await behindPanel(t, [withoutVary])
  const ticket = await create()
  await login(ticket, 'alice')
  t.ok((await poll(ticket)).body.token)
  const stranger = await poll({ scene: ticket.scene, secret: 'wrong' })
  t.match([stranger.status, stranger.headers.get('x-cache')], [200, 'HIT'])
  t.ok(stranger.body.token, 'so this test tests something')
  t.match(await checkCache({ url: through, ask: createAsk({ timeoutMs: 5_000 }) }), {
    status: 'failed',
    says: { en: /a cache on the way/ },
  })
})

t.test('threat 26: a panel’s cache keeps no ticket answer', { skip: reasonToSkip() }, async (t) => {
  const { url, through, create, poll, login, scan, deny } = await behindPanel(t)
  const refused = async (scene: string) => {
    for (const headers of [{ authorization: 'Bearer wrong' }, {}]) {
      const { status, body } = await call(`${through}/ticket/${scene}`, { headers })
      t.match([status, body.code], [401, 'BAD_SECRET'])
    }
  }
  const ticket = await create()
  t.match((await poll(ticket)).body, { status: 'pending' })
  await refused(ticket.scene)
  await scan(ticket, 'alice')
  t.match((await poll(ticket)).body, { status: 'scanned' }, 'at once, for its owner')
  await login(ticket, 'alice')
  const got = await poll(ticket)
  t.match(got.body, { status: 'confirmed', token: String })
  t.not(got.headers.get('x-cache'), 'HIT')
  await refused(ticket.scene)

  await t.test('nor a refusal, an image, or that there is none', async (t) => {
    const other = await create()
    await refused(other.scene)
    t.match((await poll(other)).body, { status: 'pending' }, 'a stranger’s 401 is the stranger’s')
    const image = async () => (await call(`${through}/ticket/${other.scene}/qrcode`)).status
    t.equal(await image(), 200)
    await deny(other, 'bob')
    t.equal(await image(), 410)
    t.match((await poll(other)).body, { status: 'denied' })
    const later = { scene: 'a-scene-that-comes-later', secret: 'x' }
    t.equal((await poll(later)).status, 404)
    const { body } = await call(`${url}/ticket`, { json: { scene: later.scene } })
    t.equal((await poll({ ...later, secret: body.secret })).status, 200)
  })

  t.match(await checkCache({ url: through, ask: createAsk({ timeoutMs: 5_000 }) }), {
    status: 'ok',
  })
})
