import { inflateSync } from 'node:zlib'
import { create } from 'qrcode'
import t from 'tap'
import { codeImage } from '../../../src/sandbox/wechat/code-image.ts'

const MAGIC = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/** Reads an 8-bit RGBA PNG; answers the brightness (0 to 255) of a pixel. */
function readPng(png: Buffer) {
  const width = png.readUInt32BE(16)
  const height = png.readUInt32BE(20)
  if (png[24] !== 8 || png[25] !== 6) throw new TypeError('not 8-bit RGBA')
  const parts: Buffer[] = []
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at)
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') {
      parts.push(png.subarray(at + 8, at + 8 + length))
    }
    at += length + 12
  }
  const raw = inflateSync(Buffer.concat(parts))
  const stride = width * 4
  const pixels = Buffer.alloc(stride * height)
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (stride + 1)]
    for (let x = 0; x < stride; x += 1) {
      const left = x < 4 ? 0 : (pixels[y * stride + x - 4] ?? 0)
      const up = y === 0 ? 0 : (pixels[(y - 1) * stride + x] ?? 0)
      const corner = x < 4 || y === 0 ? 0 : (pixels[(y - 1) * stride + x - 4] ?? 0)
      const guess = left + up - corner
      const near = [left, up, corner].reduce((best, value) =>
        Math.abs(guess - value) < Math.abs(guess - best) ? value : best,
      )
      const predicted = [0, left, up, (left + up) >> 1, near][filter ?? 0] ?? 0
      pixels[y * stride + x] = ((raw[y * (stride + 1) + 1 + x] ?? 0) + predicted) & 255
    }
  }
  return { width, height, at: (x: number, y: number) => pixels[y * stride + x * 4] ?? -1 }
}

for (const width of [280, 430, 1280]) {
  t.test(`at ${width} px the picture holds the code of exactly this text`, async (t) => {
    const text = `https://login.example/sandbox/phone?scene=${'Ab-_'.repeat(8)}`
    const png = await codeImage(text, width)
    t.same(png.subarray(0, 8), MAGIC)
    const image = readPng(png)
    t.same([image.width, image.height], [width, width])

    const { modules } = create(text, { errorCorrectionLevel: 'M' })
    const side = width / (modules.size + 8)
    t.ok(side >= 4, 'a module is at least 4 px')
    const wrong: string[] = []
    for (let row = -4; row < modules.size + 4; row += 1) {
      for (let column = -4; column < modules.size + 4; column += 1) {
        const inside = Math.min(row, column) >= 0 && Math.max(row, column) < modules.size
        const dark = inside && modules.get(row, column) === 1
        const pixel = image.at(Math.floor((column + 4.5) * side), Math.floor((row + 4.5) * side))
        if (pixel !== (dark ? 0 : 255)) wrong.push(`${row}/${column}`)
      }
    }
    t.same(wrong, [], 'every module, and a quiet zone of four around them')
  })
}

t.test('a very long text makes the picture wider instead of its modules too small', async (t) => {
  const text = `https://login.example/${'a'.repeat(600)}`
  const { modules } = create(text, { errorCorrectionLevel: 'M' })
  t.equal(readPng(await codeImage(text, 280)).width, 4 * (modules.size + 8))
})
