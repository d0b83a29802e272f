import { crc32, inflateSync } from 'node:zlib'
import { create } from 'qrcode'
import t from 'tap'
import { drawCode } from '../../src/wechat/draw-code.ts'

const MAGIC = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/** Reads a PNG of one bit a pixel without filters; answers the brightness (0 to 255) of a pixel. */
function readPng(png: Buffer) {
  const width = png.readUInt32BE(16)
  const height = png.readUInt32BE(20)
  if (png[24] !== 1 || png[25] !== 0) throw new TypeError('not 1-bit greyscale')
  const parts: Buffer[] = []
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at)
    const end = at + 8 + length
    if (png.readUInt32BE(end) !== crc32(png.subarray(at + 4, end))) throw new TypeError('bad CRC')
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, end))
    at = end + 4
  }
  const raw = inflateSync(Buffer.concat(parts))
  const stride = 1 + Math.ceil(width / 8)
  if (raw.length !== stride * height) throw new TypeError('not as many rows as it says')
  return {
    width,
    height,
    at: (x: number, y: number) => {
      if (raw[y * stride] !== 0) throw new TypeError('a row is filtered')
      return ((raw[y * stride + 1 + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1 ? 255 : 0
    },
  }
}

for (const width of [280, 430, 1280]) {
  t.test(`at ${width} px the picture holds the code of exactly this text`, async (t) => {
    const text = `https://login.example/sandbox/phone?scene=${'Ab-_'.repeat(8)}`
    const png = drawCode(text, width)
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
  t.equal(readPng(drawCode(text, 280)).width, 4 * (modules.size + 8))
})
