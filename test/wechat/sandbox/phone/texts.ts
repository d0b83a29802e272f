import t from 'tap'
import { phoneTexts } from '../../../../src/wechat/sandbox/phone/texts.ts'

t.test('both languages have every text, each its own', async (t) => {
  const { en, zh } = phoneTexts
  const flat = ({ notices, ...words }: typeof en): Record<string, string> => ({
    ...words,
    ...notices,
  })
  const [inEnglish, inChinese] = [flat(en), flat(zh)]
  t.same(Object.keys(inChinese), Object.keys(inEnglish))
  const places = (text = '') => (text.match(/\{\w+\}/g) ?? []).sort()
  for (const [key, text] of Object.entries(inEnglish)) {
    t.not(inChinese[key], '', key)
    t.not(inChinese[key], text, key)
    t.same(places(inChinese[key]), places(text), key)
  }
})
