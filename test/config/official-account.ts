import t from 'tap'
import { ConfigError, readConfig } from '../../src/config/config.ts'
import { sandboxOfficialAccount } from '../../src/config/sandbox.ts'
import { account, credentials } from '../fixtures/config.ts'

type Env = Record<string, string | undefined>

/** The settings that a refusal is about, sorted, and all its text. */
function refusalOf(env: Env): { names: string[]; text: string; chinese: string } {
  try {
    readConfig(env)
    return { names: [], text: '', chinese: '' }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const names = error.problems.map((problem) => problem.split(' ', 1)[0] ?? '').sort()
    return { names, text: error.problems.join('\n'), chinese: error.inChinese.join('\n') }
  }
}

const { OA_AES_KEY, ...plain } = account
const live = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://login.example.com',
  DATABASE_URL: 'postgres://scenepass:pw@db.example/scenepass',
}

t.test('OA_APPID, OA_SECRET and OA_TOKEN go together', async (t) => {
  for (const base of [{}, credentials]) {
    t.same(refusalOf({ ...base, ...account }).names, [])
    t.same(refusalOf({ ...base, ...plain }).names, [], 'a test account has no key')
    for (const name of ['OA_APPID', 'OA_SECRET', 'OA_TOKEN'] as const) {
      for (const nothing of [undefined, '', ' ']) {
        const { names, text, chinese } = refusalOf({ ...base, ...account, [name]: nothing })
        t.same(names, [name])
        t.match(text, 'OA_APPID, OA_SECRET and OA_TOKEN go together')
        t.match(chinese, '必须同时设置')
      }
    }
    t.same(refusalOf({ ...base, OA_AES_KEY }).names, ['OA_APPID', 'OA_SECRET', 'OA_TOKEN'])
  }
})

t.test('it is another account than the mini program', async (t) => {
  const { names, text } = refusalOf({
    ...credentials,
    ...account,
    OA_APPID: credentials.WECHAT_APPID,
  })
  t.same(names, ['OA_APPID'])
  t.match(text, 'must differ from WECHAT_APPID')
})

t.test('this door alone opens production, and closes the sandbox', async (t) => {
  t.same(refusalOf(live).names, ['WECHAT_APPID'])
  t.same(refusalOf({ ...live, ...account }).names, [])
  const config = readConfig({ ...live, ...account })
  t.match(config, { sandbox: false, wechat: { credentials: null } })
  t.match(config.officialAccount.credentials, { appid: account.OA_APPID, aesKey: OA_AES_KEY })
  t.equal(readConfig(account).sandbox, false)
  t.equal(readConfig({}).sandbox, true)
})

t.test('in production the Token is long and pushes are encrypted', async (t) => {
  for (const doors of [{}, credentials]) {
    for (const [env, names] of [
      [{ ...account, OA_TOKEN: 'x'.repeat(15) }, ['OA_TOKEN']],
      [{ ...account, OA_TOKEN: 'x'.repeat(16) }, []],
      [plain, ['OA_AES_KEY']],
      [{ ...plain, OA_TOKEN: 'abc' }, ['OA_AES_KEY', 'OA_TOKEN']],
    ] as const) {
      const refusal = refusalOf({ ...live, ...doors, ...env })
      t.same(refusal.names, names, JSON.stringify(env))
      // An https address is a production, too, whatever NODE_ENV does not say.
      t.same(refusalOf({ ...live, NODE_ENV: '', ...doors, ...env }).names, names)
      t.same(refusalOf({ ...doors, ...env }).names, [], 'on a laptop both are fine')
      for (const name of names) t.match(refusal.chinese, new RegExp(`${name} 在生产环境中`))
      t.notMatch(refusal.text, account.OA_SECRET)
    }
  }
})

t.test('the sandbox’s own account is no account for production', async (t) => {
  const { appid, secret, token, aesKey } = sandboxOfficialAccount
  const simulated = { OA_APPID: appid, OA_SECRET: secret, OA_TOKEN: token, OA_AES_KEY: aesKey }
  for (const doors of [{}, credentials]) {
    const { names, text } = refusalOf({ ...live, ...doors, ...simulated })
    t.same(names, ['OA_APPID'])
    t.match(text, 'belongs to the simulated WeChat')
    t.same(refusalOf({ ...doors, ...simulated }).names, [], 'elsewhere it is')
  }
})
