import t from 'tap'
import { phoneTexts } from '../../../src/sandbox/phone/texts.ts'

t.test('both languages have every text, each its own', async (t) => {
  const { en, zh } = phoneTexts
  t.same(Object.keys(zh), Object.keys(en))
  for (const key of Object.keys(en) as (keyof typeof en)[]) {
    t.not(zh[key], '', key)
    t.not(zh[key], en[key], key)
  }
})
