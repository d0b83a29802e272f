import { readFileSync } from 'node:fs'
import t from 'tap'
import { htmlDocument } from '../src/html.ts'
import { filesBelow } from './fixtures/sources.ts'

t.test('what is given as text is text, wherever it stands', async (t) => {
  const text = `"><script>'&`
  const html = htmlDocument({
    language: 'en',
    title: text,
    preview: { site: text, description: text, image: `https://a.example/${text}` },
    head: '',
    body: '',
  })
  t.notMatch(html, '<script>')
  t.equal(html.split('&quot;&gt;&lt;script&gt;&#39;&amp;').length, 7, 'and all of it is there')
})

t.test('every document has the one head, but for the screen of the simulated phone', async (t) => {
  const others = filesBelow('src').filter(
    (file) =>
      !file.startsWith('src/miniprogram') && /<!doctype html/.test(readFileSync(file, 'utf8')),
  )
  t.same(others, ['src/html.ts', 'src/sandbox/phone/document.ts'])
})
