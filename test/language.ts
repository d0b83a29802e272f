import t from 'tap'
import { spaced } from '../src/language.ts'

t.test('a Chinese sentence has a space beside Latin letters and digits alone', async (t) => {
  for (const [name, sentence] of [
    ['示例网站', '登录示例网站时'],
    ['Shop', '登录 Shop 时'],
    ['360 安全', '登录 360 安全时'],
    ['示例 Shop', '登录示例 Shop 时'],
    ['Яндекс', '登录 Яндекс 时'],
    ['（内部）', '登录（内部）时'],
    ['《书》7', '登录《书》7 时'],
    ['あ', '登录あ时'],
    ['🦊', '登录🦊时'],
    ['𠮷野家', '登录𠮷野家时'],
    ['', '登录时'],
  ] as const) {
    t.equal(spaced('登录', name, '时'), sentence)
  }
  t.equal(spaced('不登录，返回', 'Shop'), '不登录，返回 Shop')
  t.equal(spaced('用微信扫码登录', 'Shop', '。'), '用微信扫码登录 Shop。', 'none before a mark')
  t.equal(
    spaced('返回', 'a<b', '', () => '<b>a</b>'),
    '返回 <b>a</b>',
    'markup does not count',
  )
})
