import { toBuffer } from 'qrcode'
import t from 'tap'
import { imageSize } from '../../src/doctor/image.ts'
import { drawCode } from '../../src/wechat/draw-code.ts'
import { jpegs } from '../fixtures/network/jpegs.ts'

const png = await drawCode('https://example.com/', 280)
const images = {
  'a PNG of the sandbox': png,
  'a small PNG': await toBuffer('x', { width: 21 }),
  'a JPEG in one scan': Buffer.from(jpegs.baseline, 'base64'),
  'a progressive JPEG': Buffer.from(jpegs.progressive, 'base64'),
}

t.test('a whole image has its size', async (t) => {
  t.equal(imageSize(png), '280 × 280 px, image/png')
  t.equal(imageSize(images['a JPEG in one scan']), '16 × 16 px, image/jpeg')
  t.equal(imageSize(images['a progressive JPEG']), '16 × 16 px, image/jpeg')
})

for (const [name, bytes] of Object.entries(images)) {
  t.test(`${name} is none wherever it is cut off`, async (t) => {
    const step = Math.max(1, Math.floor(bytes.length / 400))
    const taken: number[] = []
    for (let end = 0; end < bytes.length; end += step) {
      if (imageSize(bytes.subarray(0, end)) !== null) taken.push(end)
    }
    if (imageSize(bytes.subarray(0, -1)) !== null) taken.push(bytes.length - 1)
    t.same(taken, [])
    t.not(imageSize(bytes), null)
  })
}

t.test('a PNG in which one bit is wrong is none', async (t) => {
  for (const at of [9, 18, 30, 60, Math.floor(png.length / 2), png.length - 5]) {
    const wrong = Buffer.from(png)
    wrong[at] = (wrong[at] as number) ^ 1
    t.equal(imageSize(wrong), null, `byte ${at}`)
  }
})

t.test('nothing else is an image', async (t) => {
  const header = png.subarray(0, 8)
  t.equal(imageSize(Buffer.from('{"errcode":41030}')), null)
  t.equal(imageSize(Buffer.alloc(0)), null)
  t.equal(imageSize(Buffer.concat([header, Buffer.alloc(1000)])), null)
  t.equal(imageSize(Buffer.concat([header, png.subarray(-12)])), null, 'an end and no beginning')
  t.equal(imageSize(Buffer.from('ffd8ffd9', 'hex')), null, 'no pixels')
  t.equal(imageSize(Buffer.from('ffd8ff0000', 'hex')), null)
})
