import { claimsOf } from '../demo/claims.ts'
import { find, listIn, say } from './page.ts'
import type { createWire } from './wire.ts'

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
const SLOWER_S = 5

const ends: Record<string, [zh: string, en: string]> = {
  access_denied: ['手机上已拒绝', 'The person said no on the phone.'],
  expired_token: ['代码已过期，请重新启动设备', 'The code has expired. Start the device again.'],
}

/** The device: it asks for a code, shows it, and polls until a person has decided. */
export function createDevice(ask: ReturnType<typeof createWire>, clientId: string): void {
  const [button, waiting, state] = [find('ask'), find('waiting'), find('device-state')]
  const claims = find('device-claims')
  /** Starting it again ends what went before. */
  let run = 0

  button.addEventListener('click', () => void start(++run))
  addEventListener('pagehide', () => void (run += 1))

  async function start(mine: number): Promise<void> {
    listIn(claims, {})
    const form = { client_id: clientId, scope: 'openid profile' }
    const { ok, body } = await ask('device', '/oidc/device_authorization', { form })
    if (mine !== run) return
    if (!ok) return stop(String(body['error']))
    const userCode = String(body['user_code'])
    find('user-code').textContent = userCode
    find<HTMLImageElement>('device-code').src = `/sandbox/app/code?user_code=${userCode}`
    find<HTMLImageElement>('device-code').alt = String(body['verification_uri_complete'])
    find<HTMLAnchorElement>('device-page').href = String(body['verification_uri_complete'])
    waiting.hidden = false
    say(state, '等待手机确认 …', 'Waiting for a phone …')
    await poll(mine, String(body['device_code']), Number(body['interval']))
  }

  async function poll(mine: number, code: string, interval: number): Promise<void> {
    const form = { client_id: clientId, grant_type: GRANT, device_code: code }
    for (let pause = interval; mine === run;) {
      await new Promise((resolve) => setTimeout(resolve, pause * 1_000))
      if (mine !== run) return
      const { ok, body } = await ask('device', '/oidc/token', { form })
      if (mine !== run) return
      const error = String(body['error'])
      if (ok) return signedIn(String(body['id_token']))
      if (error === 'slow_down') pause += SLOWER_S
      // The service may be away for a moment; what expires in the end is the code.
      const goesOn = ['authorization_pending', 'slow_down', 'no_answer', 'temporarily_unavailable']
      if (!goesOn.includes(error)) return stop(error)
    }
  }

  function signedIn(idToken: string): void {
    waiting.hidden = true
    const said = claimsOf(idToken)
    say(state, `已登录：${String(said['name'])}`, `Signed in: ${String(said['name'])}`)
    listIn(claims, said)
  }

  function stop(error: string): void {
    waiting.hidden = true
    const [zh, en] = ends[error] ?? [`未能登录：${error}`, `Not signed in: ${error}`]
    say(state, zh, en)
  }
}
