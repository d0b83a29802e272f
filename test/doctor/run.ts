import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { failed, ok, unchecked, warning } from '../../src/doctor/finding.ts'
import { planOf, type CheckName, type Planned } from '../../src/doctor/plan.ts'
import { once, runChecks } from '../../src/doctor/run.ts'

const words = (text: string) => ({ en: text, zh: text })
const fine = async () => ok(words('fine'))
const step = (name: CheckName, ...needs: CheckName[]): Planned => ({
  name,
  title: { en: `the ${name}`, zh: name },
  needs,
})
const quiet = () => {}

t.test('what needs nothing runs side by side, and is told in the order of the plan', async (t) => {
  const plan = [step('settings'), step('database'), step('wechat', 'settings')]
  const log: string[] = []
  const results = await runChecks(
    plan,
    {
      settings: async () => {
        await sleep(20)
        log.push('settings is done')
        return ok(words(''))
      },
      database: async () => (log.push('database is done'), warning(words(''), words(''))),
      wechat: async () => (log.push('wechat is done'), ok(words(''))),
    },
    ({ name }, next) => log.push(`${name}, then ${next?.name}`),
  )
  t.same(log, [
    'database is done',
    'settings is done',
    'wechat is done',
    'settings, then database',
    'database, then wechat',
    'wechat, then undefined',
  ])
  t.same(
    results.map(({ name, status }) => [name, status]),
    [
      ['settings', 'ok'],
      ['database', 'warning'],
      ['wechat', 'ok'],
    ],
  )
})

t.test(
  'what needs something that is not in order is not run, and says whose fault it is',
  async (t) => {
    const plan = [step('database'), step('migrations', 'database'), step('proxy', 'migrations')]
    const never = async () => t.fail('it ran') as never
    const bad = async () => failed(words('bad'), words('do'))
    const results = await runChecks(plan, { database: bad, migrations: never, proxy: never }, quiet)
    t.same(
      results.map(({ status }) => status),
      ['failed', 'unchecked', 'unchecked'],
    )
    t.match(results[2]?.says, {
      en: 'Not checked: the proxy, because the database did not pass.',
      zh: '未检查“proxy”：因为“database”未通过。',
    })

    const [, after] = await runChecks(
      plan,
      { database: async () => unchecked(words('?')), migrations: never, proxy: never },
      quiet,
    )
    t.match(after?.says.en, 'because the database could not be checked')
  },
)

t.test('a check that breaks has failed, and the others go on', async (t) => {
  const breaks = async () => {
    throw new Error('boom')
  }
  const results = await runChecks(
    [step('settings'), step('database')],
    { settings: breaks, database: fine },
    quiet,
  )
  t.match(results, [
    { status: 'failed', says: { en: /The check itself failed, of the settings: boom/ } },
    { status: 'ok' },
  ])
})

t.test('shared work is done once, also when it fails', async (t) => {
  let count = 0
  const work = once(async () => {
    count += 1
    throw new Error('no')
  })
  t.equal(count, 0, 'and not before it is asked for')
  await t.rejects(work())
  await t.rejects(work())
  t.equal(count, 1)
})

t.test('every plan has what its checks need before them', async (t) => {
  for (const sandbox of [false, true]) {
    for (const storedKeys of [false, true]) {
      const plan = planOf({
        sandbox,
        storedKeys,
        urlLink: storedKeys,
        fileModes: sandbox,
        miniProgram: !storedKeys,
        officialAccount: !sandbox,
        wechatProxy: !sandbox && storedKeys,
        oidc: true,
      })
      const names = plan.map(({ name }) => name)
      t.equal(new Set(names).size, names.length)
      t.equal(names.includes('page'), !storedKeys)
      t.equal(names.includes('oa-pushes'), !sandbox)
      for (const [index, { needs }] of plan.entries()) {
        for (const need of needs) t.ok(names.slice(0, index).includes(need), need)
      }
    }
  }
})
