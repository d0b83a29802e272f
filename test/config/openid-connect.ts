import t from 'tap'
import { readConfig } from '../../src/config/config.ts'
import { account, credentials, problemsOf } from '../fixtures/config.ts'

const on = { OIDC: 'on' }
const live = { ...credentials, DATABASE_URL: 'pglite:/var/lib/x' }

t.test('it is off unless it is asked for, and then nothing of it is read', async (t) => {
  t.equal(readConfig({}).oidc, null)
  t.equal(readConfig({ OIDC_SSO_MINUTES: '5' }).oidc, null)
  t.same(readConfig(on).oidc, { ssoMinutes: 0, emailDomain: null })
})

t.test('apps know the service by an issuer that the operator chose', async (t) => {
  t.match(problemsOf({ ...live, ...on }), [/^PUBLIC_URL is missing: with OIDC=on it is the issuer/])
  t.match(problemsOf({ ...account, ...on, DATABASE_URL: live.DATABASE_URL }), [
    /^PUBLIC_URL is missing/,
  ])
  t.same(problemsOf({ ...live, ...on, PUBLIC_URL: 'https://login.example' }), [])
  t.same(problemsOf(on), [], 'in the sandbox it may be where the service listens')
})
