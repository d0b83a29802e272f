import t from 'tap'
import { chatTexts } from '../../../src/sandbox/chat/texts.ts'
import { FAULT } from '../../../src/sandbox/official-account/push-client.ts'

t.test('both languages have every text, each its own but for WeChat’s', async (t) => {
  const { en, zh } = chatTexts
  t.same(Object.keys(zh).sort(), Object.keys(en).sort())
  for (const key of Object.keys(en) as (keyof typeof en)[]) {
    t.not(zh[key], '', key)
    if (key !== 'fault') t.not(zh[key], en[key], key)
  }
  t.equal(en.fault, FAULT)
  t.equal(zh.fault, FAULT)
})
