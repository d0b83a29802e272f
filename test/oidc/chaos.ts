import { setTimeout as sleep } from 'node:timers/promises'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose'
import { sql } from 'kysely'
import t from 'tap'
import { connect } from '../../src/db/connect.ts'
import { rotateKeys } from '../../src/tokens/stored-keys.ts'
import { startCluster } from '../fixtures/network/cluster.ts'
import { patientClient } from '../fixtures/network/patient-client.ts'
import { until } from '../fixtures/network/server.ts'
import { registerApp } from '../fixtures/oidc/app-row.ts'
import { patientSignIn, type SignedIn } from '../fixtures/oidc/patient-sign-in.ts'
import { quietLog } from '../fixtures/postgres/database.ts'
import { restartPostgres } from '../fixtures/postgres/postgres.ts'

const SIGN_INS = 500
const PEOPLE = 300
const AT_ONCE = 40
const DEADLINE_MS = 100_000
const SKEW_MS = 10 * 60_000
const ISSUER = 'https://login.example'

t.test('an instance dies, the database restarts, keys change, clocks are wrong', async (t) => {
  const { server, databaseUrl, wechat, instances } = await startCluster(t, {
    skews: [SKEW_MS, -SKEW_MS],
    preload: 'test/fixtures/network/preload-fresh-keys.ts',
    env: {
      NODE_ENV: 'development',
      PUBLIC_URL: ISSUER,
      OIDC: 'on',
      OIDC_SSO_MINUTES: '60',
      RATE_CREATE: '1000000',
      RATE_PHONE: '1000000',
    },
  })
  const { db, close } = await connect({ url: databaseUrl, poolSize: 2, log: quietLog })
  t.teardown(close)
  const app = await registerApp(db, { wechat: true, refresh: true })

  const giveUp = new AbortController()
  const { signal } = giveUp
  const urls = instances.map(({ url }) => url)
  const { ask, met, slowest } = patientClient(t, urls, signal)
  const signIn = patientSignIn({ ask, wechat, app, scope: 'openid profile wechat' })

  /** What a verifier holds of each instance's keys: fetched before a new one signs. */
  const alone = urls.map((url) => patientClient(t, [url], signal))
  const published = async (): Promise<JSONWebKeySet[]> =>
    Promise.all(alone.map(async (one) => (await one.ask('/.well-known/jwks.json')).body))
  let held = await published()

  const done: (SignedIn & { kid: string | undefined; openid: unknown; sub: string })[] = []
  const reached = async (count: number) => {
    while (done.length < count && !signal.aborted) await sleep(10)
  }

  async function killOne(): Promise<void> {
    await reached(SIGN_INS / 5)
    instances[0]?.child.process.kill('SIGKILL')
    await sleep(500)
    await instances[0]?.again()
  }

  async function restartDatabase(): Promise<void> {
    await reached((SIGN_INS * 3) / 5)
    await restartPostgres(server)
  }

  /** All of a rotation but its quarter of an hour: every instance and verifier has seen the key. */
  async function rotate(after: number): Promise<void> {
    await reached(after)
    for (const alg of ['RS256', 'ES256'] as const) await rotateKeys(db, alg)
    const { rows } = await sql<{ kid: string }>`
      select kid from oidc_keys where signs_from > now()
    `.execute(db)
    const isThere = ({ keys }: JSONWebKeySet) => keys.some(({ kid }) => kid === rows[0]?.kid)
    await until(async () => (held = await published()).every(isThere))
    for (const table of ['oidc_keys', 'signing_keys']) {
      await sql`update ${sql.table(table)} set signs_from = now() where signs_from > now()`.execute(
        db,
      )
    }
  }

  /** By the keys that the other instance had before. */
  async function verify(signedIn: SignedIn): Promise<void> {
    const { tokens, instance, nonce } = signedIn
    const keys = held[1 - instance] as JSONWebKeySet
    const { payload } = await jwtVerify(tokens.id_token, createLocalJWKSet(keys), {
      issuer: ISSUER,
      audience: app.id,
      algorithms: ['RS256'],
    })
    if (payload['nonce'] !== nonce) throw new Error('another nonce')
    const { kid } = decodeProtectedHeader(tokens.id_token)
    done.push({ ...signedIn, kid, openid: payload['openid'], sub: payload.sub as string })
  }

  let next = 0
  const worker = async () => {
    while (next < SIGN_INS && !signal.aborted) {
      const n = next++
      await verify(await signIn(`person-${n % PEOPLE}`))
    }
  }
  const began = performance.now()
  const deadline = setTimeout(() => {
    giveUp.abort(new Error(`${done.length} of ${SIGN_INS} in ${DEADLINE_MS / 1000} s`))
  }, DEADLINE_MS)
  const work = [
    killOne(),
    rotate(SIGN_INS * 0.4),
    rotate(SIGN_INS * 0.75),
    restartDatabase(),
    ...Array.from({ length: AT_ONCE }, worker),
  ]
  try {
    await Promise.all(work)
  } catch (error) {
    giveUp.abort(error)
    throw error
  } finally {
    clearTimeout(deadline)
    await Promise.allSettled(work)
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    const again = done.flatMap((each) => each.again)
    t.comment({
      seconds,
      slowest: `${slowest().toFixed()} ms`,
      met: Object.fromEntries(met),
      again,
    })
  }

  t.equal(done.length, SIGN_INS)
  t.same(
    done.filter(({ scans }) => scans !== 1),
    [],
    'nobody had to scan twice',
  )
  t.equal(new Set(done.map(({ kid }) => kid)).size, 3, 'signed by three keys')
  t.ok(met.has('ECONNREFUSED'), 'the death of an instance was felt')
  t.ok(
    ['DATABASE_UNAVAILABLE', 'temporarily_unavailable'].some((code) => met.has(code)),
    'and so was the restart',
  )

  await t.test('everybody is themselves, once, and the trail has each sign-in', async (t) => {
    const { rows } = await sql<{ openid: string; user_id: string }>`
      select openid, user_id from identities
    `.execute(db)
    const users = new Map(rows.map((row) => [row.openid, row.user_id]))
    t.equal(new Set(users.values()).size, PEOPLE)
    t.same(
      done.filter(({ openid, sub }) => users.get(String(openid)) !== sub),
      [],
    )
    const openids = new Map(done.map(({ person, openid }) => [person, openid]))
    t.ok(done.every(({ person, openid }) => openids.get(person) === openid))
    const trail = await sql<{ n: number }>`
      select count(*)::int as n from logins where client_id = ${app.id} and outcome = 'confirmed'
    `.execute(db)
    t.equal(trail.rows[0]?.n, SIGN_INS)
  })

  await t.test('with ten wrong minutes on either side tokens go on', async (t) => {
    for (const { tokens, sub } of done.slice(-10)) {
      const headers = { authorization: `Bearer ${tokens.access_token}` }
      t.equal((await ask('/oidc/userinfo', { headers })).body.sub, sub)
      const client = { client_id: app.id, client_secret: app.secret ?? '' }
      const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, ...client }
      t.equal((await ask('/oidc/token', { form })).status, 200)
    }
  })
})
