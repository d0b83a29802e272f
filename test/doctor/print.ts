import t from 'tap'
import { asJson, asText, problems, summary, wouldWork } from '../../src/doctor/print.ts'
import type { Result } from '../../src/doctor/run.ts'

const says = { en: 'What is.', zh: '情况。' }
const fix = { en: 'What to do.', zh: '办法。' }
const results: Result[] = [
  { name: 'settings', status: 'ok', says, fix: null },
  { name: 'database', status: 'warning', says, fix },
  { name: 'service', status: 'failed', says: { en: 'Two:\n- a\n- b', zh: '两项。' }, fix },
  { name: 'proxy', status: 'unchecked', says, fix: null },
]
const [fine, doubtful, bad, unknown] = results as [Result, Result, Result, Result]

const zh = { language: 'zh', colours: false } as const
const en = { language: 'en', colours: false } as const

t.test('each check is a mark and a sentence, and what to do, in one language', async (t) => {
  t.equal(asText(fine, zh), '✓ 情况。\n')
  t.equal(asText(doubtful, zh), '! 情况。\n  → 办法。\n')
  t.equal(asText(bad, en), '✗ Two:\n  - a\n  - b\n  → What to do.\n')
  t.equal(asText(unknown, en), '– What is.\n')
})

t.test('on a terminal the mark has a colour, and nothing else', async (t) => {
  t.equal(asText(fine, { ...zh, colours: true }), '\x1b[32m✓\x1b[0m 情况。\n')
  t.ok(summary(results, { ...en, colours: true }).startsWith('\x1b[31m✗\x1b[0m '))
})

t.test('what is not in order comes together, the gravest last', async (t) => {
  t.equal(problems(results, zh), '– 情况。\n! 情况。\n  → 办法。\n✗ 两项。\n  → 办法。\n')
  t.equal(problems([fine], zh), '')
})

t.test('one failure is enough for no login; what is unknown is not held against it', async (t) => {
  t.equal(wouldWork(results), false)
  t.equal(wouldWork([fine, doubtful, unknown]), true)
  t.match(summary(results, zh), /^✗ 现在无法登录：1 项.*\n$/)
  t.match(summary(results, en), /^✗ A login would not work: 1 .*\n$/)
  t.match(summary([fine, doubtful], en), /^! A login works, but 1 /)
  t.match(summary([fine], zh), /^✓ 现在可以登录。.*request 合法域名.*\n$/)
})

t.test('JSON has all of it', async (t) => {
  const text = asJson(results)
  t.ok(text.endsWith('}\n'))
  t.same(JSON.parse(text), {
    ok: false,
    checks: [
      { name: 'settings', status: 'ok', ...says, fix: null },
      { name: 'database', status: 'warning', ...says, fix },
      { name: 'service', status: 'failed', en: 'Two:\n- a\n- b', zh: '两项。', fix },
      { name: 'proxy', status: 'unchecked', ...says, fix: null },
    ],
  })
})
