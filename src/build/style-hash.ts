import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { STYLE } from '../web/widget/style.ts'

/**
 * A step of `npm run build`: names the element's stylesheet for the policy of our own pages. Safari
 * before 16.4 gets it as a `<style>`, which they would forbid otherwise.
 */
const hash = createHash('sha256').update(STYLE).digest('base64')
writeFileSync('dist/src/web/style-hash', `'sha256-${hash}'`)
