import t from 'tap'
import { ConfigError, readConfig } from '../../src/config/config.ts'

/** The site's name stands in the question on the phone: nothing in it turns or hides what is beside it. */

const problemsOf = (name: string): readonly string[] => {
  try {
    readConfig({ SITE_NAME: name })
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

t.test('a name that can be seen is taken as it is', async (t) => {
  for (const name of [
    'Example',
    '示例网站',
    'Пример',
    'مثال',
    'Café Ñandú & Søn',
    'A/B - C#',
    '🍜',
  ]) {
    t.equal(readConfig({ SITE_NAME: name }).siteName, name)
  }
})

t.test('what cannot be seen is refused', async (t) => {
  const ranges: [from: number, to: number][] = [
    [0x00, 0x1f],
    [0x7f, 0x9f],
    [0xad, 0xad],
    [0x034f, 0x034f],
    [0x061c, 0x061c],
    [0x115f, 0x1160],
    [0x180e, 0x180e],
    [0x200b, 0x200f],
    [0x2028, 0x202e],
    [0x2060, 0x206f],
    [0x3164, 0x3164],
    [0xfe00, 0xfe0f],
    [0xfeff, 0xfeff],
    [0xfff9, 0xfffb],
    [0xe0001, 0xe007f],
  ]
  const expected = ['SITE_NAME must be a name of at most 64 characters, all of them visible']
  for (const [from, to] of ranges) {
    for (let code = from; code <= to; code++) {
      const name = `Exa${String.fromCodePoint(code)}mple`
      t.strictSame(problemsOf(name), expected, `U+${code.toString(16).padStart(4, '0')}`)
    }
  }
})
