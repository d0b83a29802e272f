import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalJWKSet, createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import t, { type Test } from 'tap'
import { readConfig } from '../../src/config/config.ts'
import { startService } from '../../src/service.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { startChild, temporaryFolder } from '../fixtures/network/child.ts'
import { call, clientOf } from '../fixtures/network/client.ts'
import { postgresUrl } from '../fixtures/postgres/database.ts'

const DATABASE_URL = await postgresUrl(t)
const issuer = 'http://login.example.test'
const checks = { issuer, audience: 'web' }

async function keys(t: Test, ...args: string[]) {
  const child = startChild(t, 'src/cli/keys.ts', { args, env: { DATABASE_URL } })
  return { status: await child.ended, out: child.stdout(), err: child.stderr() }
}

async function startWith(env: Record<string, string>) {
  const given = { DATABASE_URL, PORT: '0', CODE_STOCK: '0', TOKEN_ISSUER: issuer, ...env }
  const service = await startService({ config: readConfig(given), log: createLog('silent') })
  t.teardown(service.stop)
  const { create, login, poll } = clientOf(service.url)
  const jwks = `${service.url}/.well-known/jwks.json`
  return {
    jwks,
    published: async () => (await call(jwks)).body,
    token: async (): Promise<string> => {
      const ticket = await create()
      await login(ticket, 'alice')
      return (await poll(ticket)).body.token
    },
  }
}

t.test('without a key there is nothing to export', async (t) => {
  const { status, out, err } = await keys(t, 'export')
  t.same([status, out], [1, ''])
  t.match(err, /The database has no key yet/)
})

t.test('keys that move from the database to SIGNING_KEYS take every token along', async (t) => {
  // One that signs, one that waits: both are published.
  for (let i = 0; i < 2; i++) t.equal((await keys(t, 'rotate')).status, 0)
  const before = await startWith({})
  const [old, cached] = [await before.token(), await before.published()]

  const { status, out, err } = await keys(t, 'export')
  t.same([status, err], [0, ''])
  const file = join(temporaryFolder(t), 'signing-keys.json')
  writeFileSync(file, out, { mode: 0o600 })

  for (const SIGNING_KEYS of [`file:${file}`, out.trim()]) {
    const after = await startWith({ SIGNING_KEYS })
    const fresh = await after.token()
    t.equal(decodeProtectedHeader(fresh).kid, decodeProtectedHeader(old).kid, 'the same key signs')
    await jwtVerify(old, createRemoteJWKSet(new URL(after.jwks)), checks)
    await jwtVerify(fresh, createLocalJWKSet(cached), checks)
    const kids = ({ keys }: { keys: { kid: string }[] }) => keys.map(({ kid }) => kid).sort()
    const published = await after.published()
    t.equal(published.keys.length, 2, 'the one that waited is published as well')
    t.same(kids(published), kids(await before.published()))
    t.notOk(JSON.stringify(published).includes('"d"'))
  }
})

const script = spawnSync('script', ['--version']).status === 0
const skip = script ? false : 'NOT TESTED: there is no script(1) on this machine'

t.test('private keys are not shown on a screen', { skip }, async (t) => {
  const command = `${process.execPath} ${join(process.cwd(), 'dist/src/cli/keys.js')} export`
  const { status, stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
    env: { ...process.env, DATABASE_URL },
    encoding: 'utf8',
  })
  t.equal(status, 1)
  t.match(stdout, /private keys.*umask 077/s)
  t.notMatch(stdout, /"d"/)
})
