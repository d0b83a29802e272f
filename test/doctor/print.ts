import t from 'tap'
import { asJson, asText, summary, wouldWork } from '../../src/doctor/print.ts'
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

t.test('each check is a mark and a sentence in both languages, and what to do', async (t) => {
  t.equal(asText(fine, false), '✓ 情况。\n  What is.\n')
  t.equal(asText(doubtful, false), '! 情况。\n  What is.\n  → 办法。\n  → What to do.\n')
  t.equal(asText(bad, false), '✗ 两项。\n  Two:\n  - a\n  - b\n  → 办法。\n  → What to do.\n')
  t.equal(asText(unknown, false), '– 情况。\n  What is.\n')
})

t.test('on a terminal the mark has a colour, and nothing else', async (t) => {
  t.equal(asText(fine, true), '\x1b[32m✓\x1b[0m 情况。\n  What is.\n')
  t.match(asText(bad, true), '\x1b[31m✗\x1b[0m 两项。\n')
  t.ok(summary(results, true).startsWith('\x1b[31m✗\x1b[0m '))
})

t.test('one failure is enough for no login; what is unknown is not held against it', async (t) => {
  t.equal(wouldWork(results), false)
  t.equal(wouldWork([fine, doubtful, unknown]), true)
  t.match(summary(results, false), /^✗ 现在无法登录：1 项.*\n {2}A login would not work: 1 /)
  t.match(summary([fine, doubtful], false), /^! .*1 项.*\n {2}A login works, but 1 /)
  t.match(
    summary([fine], false),
    /^✓ 现在可以登录。.*request 合法域名.*\n {2}A login would work\. /,
  )
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
