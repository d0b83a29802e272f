import t from 'tap'
import { imageType } from '../../src/wechat/image-type.ts'
import { jpeg, png } from '../fixtures/network/mocked-wechat.ts'

t.test('an image is told by its first bytes', async (t) => {
  t.equal(imageType(jpeg), 'image/jpeg')
  t.equal(imageType(png), 'image/png')
})

t.test('anything else is no image', async (t) => {
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from('{"errcode":41030}'),
    Buffer.from('GIF89a'),
    jpeg.subarray(0, 2),
    png.subarray(0, 7),
    Buffer.concat([Buffer.from(' '), jpeg]),
  ]) {
    t.equal(imageType(bytes), undefined, bytes.toString('latin1'))
  }
})
