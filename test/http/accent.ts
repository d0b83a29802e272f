import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { accentCss, accentOf, contrastOf } from '../../src/http/accent.ts'
import { GROUNDS } from '../../src/html.ts'
import { root } from '../fixtures/root.ts'

/** A site's colour on our pages: whatever it is, what is written in it or on it can be read. */

const PAPER = { light: '#ffffff', dark: '#1b201d' }
const themes = ['light', 'dark'] as const

function check(color: string): void {
  for (const theme of themes) {
    const { accent, onAccent, tint, fill, onFill } = accentOf(color, theme)
    for (const [text, ground] of [
      [accent, PAPER[theme]],
      [accent, GROUNDS[theme]],
      [accent, tint],
      [onAccent, accent],
      [onFill, fill],
    ] as const) {
      const contrast = contrastOf(text, ground)
      if (contrast < 4.5) throw new Error(`${color}, ${theme}: ${text} on ${ground}: ${contrast}`)
    }
    if (contrastOf(fill, PAPER[theme]) < 1.3) throw new Error(`${color}, ${theme}: no button`)
    if (fill !== color && fill !== accent) throw new Error(`${color}, ${theme}: another colour`)
  }
}

t.test('contrast is as WCAG defines it', async (t) => {
  t.equal(contrastOf('#000000', '#ffffff'), 21)
  t.equal(contrastOf('#ffffff', '#ffffff'), 1)
  t.equal(contrastOf('#ffffff', '#767676').toFixed(2), '4.54')
  t.equal(contrastOf('#777777', '#ffffff').toFixed(2), '4.48')
})

t.test('every colour of a coarse cube, and many others, in both themes', async (t) => {
  const steps = ['00', '33', '66', '99', 'cc', 'ff']
  for (const red of steps) {
    for (const green of steps) for (const blue of steps) check(`#${red}${green}${blue}`)
  }
  const channel = fc.integer({ min: 0, max: 255 })
  fc.assert(
    fc.property(fc.tuple(channel, channel, channel), (channels) =>
      check(`#${channels.map((each) => each.toString(16).padStart(2, '0')).join('')}`),
    ),
    { numRuns: 500 },
  )
  t.pass()
})

t.test('a colour stays as it is where it can be read', async (t) => {
  t.match(accentOf('#0a6b3d', 'light'), { accent: '#0a6b3d', onAccent: '#ffffff', fill: '#0a6b3d' })
  t.match(accentOf('#5fd699', 'dark'), { accent: '#5fd699', onAccent: '#000000', fill: '#5fd699' })
  // WeChat's green: of a button as it is, of a link on white it cannot be.
  const green = accentOf('#07c160', 'light')
  t.match(green, { fill: '#07c160', onFill: '#000000' })
  t.not(green.accent, '#07c160')
  t.ok(contrastOf(green.accent, GROUNDS.light) < 4.7, 'and no darker than it has to be')
  t.not(accentOf('#000000', 'dark').fill, '#000000', 'black on dark paper is no button')
  t.not(accentOf('#ffffff', 'light').fill, '#ffffff')
})

t.test('the stylesheets have the grounds that it is made for', async (t) => {
  for (const file of ['src/web/page/page.css', 'src/confirm-page/page.css']) {
    const [light = '', dark = ''] = readFileSync(new URL(file, root), 'utf8').split('@media')
    for (const [theme, text] of [
      ['light', light],
      ['dark', dark],
    ] as const) {
      t.match(text, `--ground: ${GROUNDS[theme]};`, file)
      t.match(text, `--paper: ${PAPER[theme]};`, file)
    }
  }
})

t.test('it is no markup and nothing inline: two rules behind a stylesheet', async (t) => {
  t.equal(accentCss(null), '')
  t.match(
    accentCss('#ff5500'),
    /^:root\{--accent:#[^}]*;--fill:#ff5500;[^}]*\}@media\(prefers-color-scheme:dark\)\{:root\{[^}]*\}\}\n$/,
  )
})
