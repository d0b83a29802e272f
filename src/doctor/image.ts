import { crc32, inflateSync } from 'node:zlib'
import { imageType } from '../wechat/image-type.ts'

/** A code has 1280 pixels a side at the most. */
const MAX_SIDE = 4096
const channelsOf: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }

/**
 * Reads an image from its first byte to its last: a PNG's checksums and all of its pixels, a JPEG's
 * segments up to its end.
 *
 * @returns such as `430 × 430 px, image/jpeg`; null where it is cut off, damaged or no image at all
 */
export function imageSize(bytes: Buffer): string | null {
  const type = imageType(bytes)
  if (type === undefined) return null
  try {
    const [width, height] = type === 'image/png' ? readPng(bytes) : readJpeg(bytes)
    return `${width} × ${height} px, ${type}`
  } catch (error) {
    // Reading beyond the end, and what zlib does not take, is what damage looks like.
    if (error instanceof RangeError || (error as { code?: string }).code?.startsWith('Z_')) {
      return null
    }
    throw error
  }
}

const damaged = (what: string): RangeError => new RangeError(what)

/** @see https://www.w3.org/TR/png-3/ */
function readPng(bytes: Buffer): [number, number] {
  const data: Buffer[] = []
  let header: Buffer | undefined
  for (let at = 8; ;) {
    const length = bytes.readUInt32BE(at)
    const name = bytes.toString('latin1', at + 4, at + 8)
    const content = bytes.subarray(at + 8, at + 8 + length)
    const checked = bytes.subarray(at + 4, at + 8 + length)
    if (crc32(checked) !== bytes.readUInt32BE(at + 8 + length)) throw damaged(name)
    if (name === 'IHDR') header = content
    if (name === 'IDAT') data.push(content)
    if (name === 'IEND') break
    at += length + 12
  }
  if (!header) throw damaged('no IHDR')
  const [width, height] = sides(header.readUInt32BE(0), header.readUInt32BE(4))
  const bits = header.readUInt8(8) * (channelsOf[header.readUInt8(9)] ?? NaN)
  const expected = height * (1 + Math.ceil((width * bits) / 8))
  const pixels = inflateSync(Buffer.concat(data), { maxOutputLength: 8 * MAX_SIDE * MAX_SIDE })
  // Interlaced images are stored in another order, with a few bytes more.
  const interlaced = header.readUInt8(12) === 1
  if (interlaced ? pixels.length < expected : pixels.length !== expected) throw damaged('IDAT')
  return [width, height]
}

/** @see https://www.w3.org/Graphics/JPEG/itu-t81.pdf (annex B) */
function readJpeg(bytes: Buffer): [number, number] {
  let size: [number, number] | undefined
  let scanned = false
  for (let at = 2; ;) {
    if (bytes.readUInt8(at) !== 0xff) throw damaged('no marker')
    const marker = bytes.readUInt8(at + 1)
    if (marker === 0xd9) break
    // Any number of fill bytes may come before a marker.
    if (marker === 0xff) {
      at += 1
      continue
    }
    const length = bytes.readUInt16BE(at + 2)
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
    if (isFrame) size = sides(bytes.readUInt16BE(at + 7), bytes.readUInt16BE(at + 5))
    at += 2 + length
    if (marker !== 0xda) continue
    scanned = true
    // Between here and the next marker are the pixels: FF 00 and restarts belong to them.
    while (bytes.readUInt8(at) !== 0xff || isOfPixels(bytes.readUInt8(at + 1))) at += 1
  }
  if (!size || !scanned) throw damaged('no frame or no scan')
  return size
}

const isOfPixels = (second: number): boolean => second === 0 || (second >= 0xd0 && second <= 0xd7)

function sides(width: number, height: number): [number, number] {
  if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE) throw damaged('sides')
  return [width, height]
}
