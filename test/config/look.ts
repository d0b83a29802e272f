import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readConfig } from '../../src/config/config.ts'
import { problemOfLogo, readLogo } from '../../src/config/look.ts'
import { OperatorError } from '../../src/operator-error.ts'
import { temporaryFolder } from '../fixtures/network/child.ts'

const folder = temporaryFolder(t)

function fileOf(content: string | Buffer, name = 'logo'): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}
const typeOf = async (content: string | Buffer) => (await readLogo(fileOf(content))).type

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>'
const png = Buffer.from('89504e470d0a1a0a00', 'hex')

t.test('a logo is what its bytes are, whatever its name', async (t) => {
  t.equal(await typeOf(png), 'image/png')
  t.equal(await typeOf(Buffer.from('ffd8ffe000', 'hex')), 'image/jpeg')
  t.equal(await typeOf(Buffer.from('RIFF\x10\0\0\0WEBPVP8 ', 'latin1')), 'image/webp')
  for (const svg of [
    SVG,
    `\uFEFF<?xml version="1.0" encoding="UTF-8"?>\n<!-- > -->\n${SVG}`,
    `<?xml version='1.0'?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://x/svg11.dtd">\n${SVG}`,
    `<!DOCTYPE svg [ <!ENTITY ns "x"> ]>${SVG}`,
    '<svg\n  version="1.1" xmlns = \'http://www.w3.org/2000/svg\'></svg>',
  ]) {
    t.equal(await typeOf(svg), 'image/svg+xml', svg)
  }
})

/** Both languages of the sentence that the operator reads. */
async function refusalOf(path: string) {
  try {
    await readLogo(path)
  } catch (error) {
    if (error instanceof OperatorError) return error.words
    throw error
  }
  throw new Error('it was taken')
}

t.test('what pages could not show is refused in a sentence', async (t) => {
  for (const content of [
    '',
    'GIF89a',
    '<html><svg xmlns="http://www.w3.org/2000/svg"/></html>',
    '<svg viewBox="0 0 1 1"/>',
    Buffer.from('1f8b0800', 'hex'),
  ]) {
    const { en, zh } = await refusalOf(fileOf(content, 'logo.png'))
    t.match(en, /^SITE_LOGO: \S+logo\.png is no PNG, SVG, JPEG or WebP/)
    t.match(zh, /^SITE_LOGO：\S+logo\.png 不是 PNG/)
  }
  const missing = await refusalOf('no-such-logo.svg')
  t.match(missing.en, /there is no file no-such-logo\.svg.*started in/)
  t.match(missing.zh, /没有文件 no-such-logo\.svg/)
  t.match((await refusalOf(folder)).en, /cannot be read \(it is no file\)/)

  t.equal(await typeOf(Buffer.concat([png, Buffer.alloc(65_536 - png.length)])), 'image/png')
  const large = await refusalOf(fileOf(Buffer.concat([png, Buffer.alloc(65_536)])))
  t.match(large.en, /has 65545 bytes, and may have 65536 \(64 KiB\)/)
  t.match(large.zh, /65545 字节，最多 65536/)
})

t.test('the doctor hears of it as well', async (t) => {
  t.equal(await problemOfLogo({ logo: null, color: null }), null)
  t.equal(await problemOfLogo({ logo: fileOf(SVG), color: null }), null)
  t.match(await problemOfLogo({ logo: 'none.svg', color: null }), { en: /^SITE_LOGO: there is no/ })
})

t.test('a pipe, which has no end, is no logo', async (t) => {
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  t.match((await refusalOf(pipe)).en, /it is no file/)
})

t.test('a colour has one form, however it is written', async (t) => {
  for (const [written, color] of [
    ['07c160', '#07c160'],
    ['#07C160', '#07c160'],
    ['0a3', '#00aa33'],
    ['#F50', '#ff5500'],
    ['123456', '#123456'],
  ] as const) {
    t.equal(readConfig({ SITE_COLOR: written }).look.color, color)
  }
})
