import { readFileSync, writeFileSync } from 'node:fs'
import { icoOf, drawIcon, pngOf } from './icon-pixels.ts'

/**
 * A step of `npm run build`: our icon in the shapes of those who take no SVG. Phones cut the corners of
 * what is on their home screens themselves, so theirs has none.
 */
const svg = readFileSync('src/web/page/icon.svg', 'utf8')
const folder = 'dist/src/web/page'
writeFileSync(`${folder}/favicon.ico`, icoOf(32, pngOf(32, drawIcon(svg, 32))))
writeFileSync(
  `${folder}/apple-touch-icon.png`,
  pngOf(180, drawIcon(svg, 180, { corners: 'square' })),
)
