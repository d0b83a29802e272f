import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { skipWithout } from '../../fixtures/debian.ts'
import { call } from '../../fixtures/network/client.ts'
import { temporaryFolder } from '../../fixtures/network/child.ts'
import { plainEnvironment, runCommand } from '../../fixtures/network/command.ts'
import { startRealService } from '../../fixtures/oidc/real-service.ts'

const skip = skipWithout('oidc-gen', 'oidc-agent-cli', 'SCENEPASS_OIDC_AGENT')

t.test('oidc-agent gets its tokens by the device grant', { skip }, async (t) => {
  const service = await startRealService(t)
  await service.start()
  const { id, secret } = await service.add('--name', 'Cluster', '--device', '--refresh')
  const cwd = temporaryFolder(t)
  const env = { HOME: cwd, OIDC_CONFIG_DIR: cwd, OIDC_ENCRYPTION_PW: 'a-password' }

  const agent = await runCommand('oidc-agent', [], { cwd, env })
  const socket = /OIDC_SOCK=([^;]+)/.exec(agent.out)?.[1] ?? ''
  const pid = Number(/OIDCD_PID=(\d+)/.exec(agent.out)?.[1])
  t.teardown(() => process.kill(pid))
  const inAgent = { ...env, OIDC_SOCK: socket }

  const args = [
    '--flow=device',
    `--iss=${service.issuer}`,
    `--client-id=${id}`,
    `--client-secret=${secret}`,
    '--scope=openid profile offline_access',
    '--pw-env',
    '--prompt=none',
    '--confirm-default',
    'scenepass',
  ]
  const generate = spawn('oidc-gen', args, { cwd, env: plainEnvironment(inAgent) })
  const ended = once(generate, 'close')
  let said = ''
  const userCode = new Promise<string>((resolve, reject) => {
    const look = (chunk: Buffer) => {
      said += String(chunk)
      const code = /enter the code: (\S{9})/.exec(said)?.[1]
      if (code) resolve(code)
    }
    generate.stdout.on('data', look)
    generate.stderr.on('data', look)
    void ended.then(() => reject(new Error(said)))
  })
  await service.person().approve(await userCode)
  const [status] = (await ended) as [number]
  t.equal(status, 0)
  t.match(said, `${service.issuer}/d`)
  t.match(said, 'QR code')
  t.match(said, /Everything setup correctly/)

  const token = await runCommand('oidc-token', ['scenepass'], { cwd, env: inAgent })
  const headers = { authorization: `Bearer ${token.out.trim()}` }
  const { status: known, body } = await call(`${service.issuer}/oidc/userinfo`, { headers })
  t.match({ known, body }, { known: 200, body: { sub: String } })
})
