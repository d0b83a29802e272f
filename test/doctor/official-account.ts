import type { ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import { isPublic } from '../../src/config/hosts.ts'
import { createAsk } from '../../src/doctor/ask.ts'
import { checkPushes } from '../../src/doctor/pushes.ts'
import { checkPushUrl } from '../../src/doctor/push-url.ts'
import { createPushes } from '../../src/wechat/push/push.ts'
import { fakeUpstream } from '../fixtures/network/fake-upstream.ts'
import { ACCOUNT, isScene } from '../fixtures/pushes.ts'

t.test('WeChat pushes to two ports, and to what the internet reaches', async (t) => {
  const check = (url: string, resolved: string[] = ['203.0.113.7'], simulated = false) =>
    checkPushUrl({ url, simulated, isPublic, resolve: async () => resolved })
  t.match(await check('https://login.example.com'), { status: 'ok' })
  t.match(await check('https://login.example.com:8443'), {
    status: 'failed',
    says: { en: /ports 80 and 443 only/, zh: /80 和 443/ },
  })
  for (const url of ['https://10.1.2.3', 'https://localhost', 'https://login.internal']) {
    t.match(await check(url), { status: 'failed', says: { en: /cannot reach/ } }, url)
  }
  t.match(await check('https://login.example.com', ['10.1.2.3']), {
    status: 'warning',
    says: { en: /leads to 10\.1\.2\.3/ },
  })
  t.match(await check('https://login.example.com', []), { status: 'ok' }, 'public-url says so')
  t.match(await check('http://login.example.com'), { status: 'warning' })
  t.match(await check('http://127.0.0.1:3000', [], true), { status: 'ok' }, 'the simulated one')
})

type Request = { query: Record<string, string>; body: Buffer; verifies: boolean }

/** In the service's place: what it answers, by what it was sent. */
async function pretend(t: Test, answer: (request: Request) => string | number) {
  const { url, answer: on } = await fakeUpstream(t)
  on('/wechat/events', async (reply: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of reply.req) chunks.push(chunk as Buffer)
    const query = Object.fromEntries(new URL(reply.req.url ?? '', url).searchParams)
    const verifies = reply.req.method === 'GET'
    const said = answer({ query, body: Buffer.concat(chunks), verifies })
    if (typeof said === 'string') return reply.end(said)
    const code = said === 404 ? 'NOT_FOUND' : 'PUSH_REFUSED'
    return reply.writeHead(said).end(JSON.stringify({ code }))
  })
  const ask = createAsk({ timeoutMs: 2_000 })
  return (aesKey: string | null = ACCOUNT.aesKey) =>
    checkPushes({ ...ACCOUNT, aesKey, url, ask, now: Date.now })
}

const secure = createPushes({ ...ACCOUNT, isScene })
const plain = createPushes({ ...ACCOUNT, aesKey: null, isScene })

/** As the service does it. */
function honest({ query, body, verifies }: Request, at = Date.now() / 1_000, way = secure) {
  try {
    if (verifies) return way.verify(query, at)
    way.open(query, body, at)
    return 'success'
  } catch {
    return 403
  }
}

t.test('pushes that are taken as WeChat sends them, and nothing else', async (t) => {
  t.match(await (await pretend(t, (request) => honest(request)))(), { status: 'ok' })
  const inPlain = await pretend(t, (request) => honest(request, undefined, plain))
  t.match(await inPlain(null), { status: 'ok' }, 'a test account has no key')
  t.match(await inPlain(), {
    status: 'failed',
    says: { en: /^POST .* does not take .*\(HTTP 403\)/ },
    fix: { en: /another OA_TOKEN or OA_AES_KEY/ },
  })
})

t.test('what stands in the way is named', async (t) => {
  t.match(await (await pretend(t, () => 404))(), {
    status: 'failed',
    says: { en: /^GET .* does not take .*\(HTTP 404\)/ },
    fix: { en: /runs without OA_APPID/, zh: /没有 OA_APPID/ },
  })
  t.match(await (await pretend(t, () => '<h1>firewall</h1>'))(), {
    status: 'failed',
    fix: { en: /not of ScenePass/ },
  })
})

t.test('what believes a forged push is found out', async (t) => {
  const any = await pretend(t, ({ query, verifies }) =>
    verifies ? String(query['echostr']) : 'success',
  )
  t.match(await any(), { status: 'failed', says: { en: /\(a wrong signature: HTTP 200\)/ } })

  const old = await pretend(t, (request) => honest(request, Number(request.query['timestamp'])))
  t.match(await old(), { status: 'failed', says: { en: /\(an old one: HTTP 200\)/ } })

  const open = await pretend(t, (request) =>
    request.verifies ? String(request.query['echostr']) : honest(request),
  )
  t.match(await open(), { status: 'failed', says: { en: /signature of the verification/ } })

  const downgraded = await pretend(t, (request) =>
    honest(request, undefined, 'msg_signature' in request.query ? secure : plain),
  )
  t.match(await downgraded(), {
    status: 'failed',
    says: { en: /\(a plain one: HTTP 200\): any visitor could sign in as anyone/, zh: /未加密/ },
  })
})
