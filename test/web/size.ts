import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { root } from '../fixtures/root.ts'

const LIMIT = 7 * 1024

for (const file of ['served.js', 'widget.js'])
  t.test(`the element is at most 7 KB on its way to a page: ${file}`, async (t) => {
    const source = readFileSync(new URL(`dist/src/web/${file}`, root))
    const { length } = gzipSync(source, { level: 9 })
    t.comment(`${file}: ${source.length} bytes, ${length} gzipped, at most ${LIMIT}`)
    t.match(source.toString(), 'scene-pass', 'it is the element that was measured')
    t.notMatch(source.toString(), /^import\b|\bimport\(/m, 'and all of it')
    t.ok(length <= LIMIT, `${length} bytes`)
  })
