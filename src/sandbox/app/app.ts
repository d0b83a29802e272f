import { claimsOf } from '../demo/claims.ts'
import { presentableForm } from '../demo/shorten.ts'
import { createTraffic } from '../demo/traffic.ts'
import type { Exchange } from '../demo/watch.ts'
import { createDevice } from './device.ts'
import { find, listIn, say, setting } from './page.ts'
import { createWire } from './wire.ts'

/**
 * The example app in its browser. What it has to know when the browser comes back from the provider is
 * kept for this tab; tokens are kept nowhere.
 */
type Kept = { verifier: string; state: string; nonce: string; lines: Exchange[]; language: string }

const KEPT = 'scenepass-example-app'
const HERE = '/sandbox/app'
const LONGEST = 50

const [issuer, clientId] = [setting('issuer'), setting('client-id')]
// Its address is registered, and this may be another name of the same machine.
if (location.origin !== issuer) location.replace(issuer + HERE + location.search)

const root = document.documentElement
const kept: Kept = {
  verifier: '',
  state: '',
  nonce: '',
  lines: [],
  language: navigator.language.startsWith('zh') ? 'zh-CN' : 'en',
  ...(JSON.parse(sessionStorage.getItem(KEPT) ?? '{}') as Partial<Kept>),
}
const keep = (): void => sessionStorage.setItem(KEPT, JSON.stringify(kept))

const show = createTraffic(find('traffic'))
const tell = (exchange: Exchange): void => {
  show(exchange)
  kept.lines = [...kept.lines, exchange].slice(-LONGEST)
  keep()
}
const navigation = (path: string, status: number, values: Record<string, string>): void =>
  tell({
    who: 'browser',
    method: 'GET',
    authorization: '',
    answer: '',
    path,
    status,
    request: presentableForm(values),
  })
const ask = createWire(tell)
let refreshToken = ''

root.lang = kept.language
find('language').addEventListener('click', () => {
  kept.language = root.lang = root.lang === 'en' ? 'zh-CN' : 'en'
  keep()
})
for (const line of kept.lines) show(line)
createDevice(ask, clientId)

const random = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))]
    .map((n) => n.toString(16).padStart(2, '0'))
    .join('')

async function begin(): Promise<void> {
  kept.lines = []
  find('traffic').querySelector('ol')?.replaceChildren()
  const { ok } = await ask('app', '/.well-known/openid-configuration')
  if (!ok) return problem('ScenePass 没有应答', 'ScenePass does not answer.')
  const pkce = (await (await fetch(`${HERE}/pkce`)).json()) as Record<string, string>
  const { verifier = '', challenge = '' } = pkce
  Object.assign(kept, { verifier, state: random(), nonce: random() })
  const query = {
    client_id: clientId,
    response_type: 'code',
    redirect_uri: issuer + HERE,
    scope: 'openid profile',
    state: kept.state,
    nonce: kept.nonce,
    ui_locales: kept.language,
    code_challenge: challenge,
    code_challenge_method: 'S256',
  }
  navigation('/oidc/authorize', 303, query)
  location.assign(`/oidc/authorize?${new URLSearchParams(query)}`)
}

/** The browser is back, with a code or an error. */
async function comeBack(answer: Record<string, string>): Promise<void> {
  navigation(HERE, 200, answer)
  history.replaceState(null, '', HERE)
  const { verifier, state } = kept
  // Each of them is good once.
  Object.assign(kept, { verifier: '', state: '' })
  keep()
  if (state === '' || answer['state'] !== state || answer['iss'] !== issuer) {
    return problem('这个应答不属于这里的登录', 'This answer belongs to no sign-in of this tab.')
  }
  if (answer['error'] === 'access_denied') return problem('您没有登录', 'You did not sign in.')
  if (answer['code'] === undefined) return refused(answer['error'])
  await exchange({
    grant_type: 'authorization_code',
    code: answer['code'],
    redirect_uri: issuer + HERE,
    code_verifier: verifier,
  })
}

async function exchange(grant: Record<string, string>): Promise<void> {
  const { ok, body } = await ask('app', '/oidc/token', { form: { client_id: clientId, ...grant } })
  if (!ok) return refused(body['error'])
  const claims = claimsOf(String(body['id_token']))
  if (claims['nonce'] !== undefined && claims['nonce'] !== kept.nonce) {
    return problem('id_token 属于另一次登录', 'The id_token belongs to another sign-in.')
  }
  refreshToken = String(body['refresh_token'] ?? '')
  const person = await ask('app', '/oidc/userinfo', { bearer: String(body['access_token']) })
  find('name').textContent = String(person.body['name'] ?? claims['sub'])
  listIn(find('app-claims'), claims)
  find('problem').hidden = find('signed-out').hidden = true
  find('signed-in').hidden = false
  find('app-title').focus()
}

function problem(zh: string, en: string): void {
  say(find('problem'), zh, en)
  find('signed-in').hidden = true
  find('signed-out').hidden = false
}
const refused = (error: unknown): void =>
  problem(`请求被拒绝：${String(error)}`, `The request was refused: ${String(error)}`)

find('begin').addEventListener('click', () => void begin())
find('refresh').addEventListener(
  'click',
  () => void exchange({ grant_type: 'refresh_token', refresh_token: refreshToken }),
)
find('sign-out').addEventListener('click', () => {
  const query = { client_id: clientId, post_logout_redirect_uri: issuer + HERE }
  navigation('/oidc/logout', 200, query)
  location.assign(`/oidc/logout?${new URLSearchParams(query)}`)
})

const answer = Object.fromEntries(new URLSearchParams(location.search))
if ('code' in answer || 'error' in answer) void comeBack(answer)
