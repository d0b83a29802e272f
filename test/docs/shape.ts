import { existsSync, readdirSync } from 'node:fs'
import t from 'tap'
import {
  anchorsOf,
  blocksOf,
  bulletsOf,
  cellsOf,
  languageOf,
  linksOf,
  pages,
  read,
  sectionsOf,
  subjects,
  tableLinesOf,
  tablesOf,
  twinsOf,
} from '../fixtures/guide.ts'
import { guideFile, languages } from '../fixtures/readme.ts'
import { root } from '../fixtures/root.ts'

/** How the guide is written: twins in two languages, links that lead somewhere, short and narrow. */

const README_BYTES = 10 * 1024
const ROW_CHARACTERS = 110
const ROW_CELLS = 3

t.test('every page of the guide is there, in both languages, and no other', async (t) => {
  const wanted = subjects
    .flatMap((subject) => languages.map((language) => guideFile(subject, language)))
    .sort()
  const found = readdirSync(new URL('docs/', root)).filter((name) => name.endsWith('.md'))
  t.same(found.map((name) => `docs/${name}`).sort(), wanted)
})

for (const { path, language, text } of twinsOf('README')) {
  t.test(`${path} is short and leads to every page`, async (t) => {
    t.ok(Buffer.byteLength(text) <= README_BYTES, `${Buffer.byteLength(text)} bytes`)
    const links = linksOf(text).map((link) => link.replace(/#.*/, ''))
    for (const subject of subjects) {
      const page = guideFile(subject, language)
      t.ok(links.includes(page), page)
    }
  })
}

for (const { path, text } of pages) {
  t.test(`${path} has links that lead somewhere, in its own language`, async (t) => {
    const here = new URL(path, root)
    const links = linksOf(text)
    t.ok(links.length > 0)
    let changes = 0
    for (const link of links) {
      if (/^(https?|mailto):/.test(link)) continue
      const target = new URL(link, here)
      const anchor = decodeURIComponent(target.hash.slice(1))
      target.hash = ''
      t.ok(existsSync(target), link)
      const file = decodeURIComponent(target.href.slice(root.href.length))
      if (!file.endsWith('.md')) continue
      if (anchor) t.ok(anchorsOf(read(file)).includes(anchor), link)
      if (languageOf(file) !== languageOf(path)) changes += 1
    }
    t.equal(changes, 1, 'one link to the other language')

    const paths = [...text.matchAll(/`((?:src|test)\/[\w./-]+)`/g)].map(([, named = '']) => named)
    for (const named of paths) t.ok(existsSync(new URL(named, root)), named)
  })

  t.test(`${path} has narrow tables`, async (t) => {
    for (const line of tableLinesOf(text)) {
      t.ok([...line].length <= ROW_CHARACTERS, `${[...line].length} characters: ${line}`)
      t.ok(cellsOf(line).length <= ROW_CELLS, `${cellsOf(line).length} columns: ${line}`)
    }
  })
}

for (const subject of ['README', ...subjects]) {
  t.test(`${guideFile(subject, 'en')} and its twin have the same shape`, async (t) => {
    const [en, zh] = twinsOf(subject).map(({ text }) => ({
      headings: sectionsOf(text).map(({ level }) => level),
      blocks: blocksOf(text),
      tables: tablesOf(text).map((rows) => [rows.length, rows[0]?.length]),
      bullets: bulletsOf(text),
    }))
    t.ok(en?.headings.length)
    t.same(zh, en)
  })
}
