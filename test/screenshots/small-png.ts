import { inflateSync } from 'node:zlib'
import { encodePng } from '../../src/png.ts'

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const COLORS = 256

/**
 * A screenshot in a quarter of its bytes: its 256 most frequent colours, every other one as the
 * nearest of them. Takes what Chromium writes: 8 bits a channel, not interlaced, nothing transparent.
 */
export function smallPng(png: Buffer): Buffer {
  const { width, height, channels, rows } = read(png)
  const colorAt = (at: number): number => rows.readUIntBE(at, 3)
  const counts = new Map<number, number>()
  for (let at = 0; at < rows.length; at += channels) {
    counts.set(colorAt(at), (counts.get(colorAt(at)) ?? 0) + 1)
  }
  const palette = [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, COLORS)
    .map(([color]) => color)
  const indices = new Map(palette.map((color, index) => [color, index]))

  // One byte a pixel, and before each row the byte that says: not filtered.
  const pixels = Buffer.alloc(height * (width + 1))
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const color = colorAt((y * width + x) * channels)
      const index = indices.get(color) ?? nearest(palette, color)
      indices.set(color, index)
      pixels[y * (width + 1) + 1 + x] = index
    }
  }
  const colors = Buffer.alloc(palette.length * 3)
  palette.forEach((color, index) => colors.writeUIntBE(color, index * 3, 3))
  return encodePng({ width, height, bits: 8, rows: pixels, palette: colors, effort: 9 })
}

function nearest(palette: number[], color: number): number {
  const distances = palette.map((other) =>
    [0, 8, 16].reduce((sum, bits) => {
      const difference = ((color >> bits) & 255) - ((other >> bits) & 255)
      return sum + difference * difference
    }, 0),
  )
  return distances.indexOf(Math.min(...distances))
}

function read(png: Buffer) {
  const data: Buffer[] = []
  for (let at = SIGNATURE.length; at < png.length;) {
    const length = png.readUInt32BE(at)
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') {
      data.push(png.subarray(at + 8, at + 8 + length))
    }
    at += length + 12
  }
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
  const channels = png[25] === 6 ? 4 : 3
  return {
    width,
    height,
    channels,
    rows: unfilter(inflateSync(Buffer.concat(data)), width * channels, channels),
  }
}

/** Undoes what PNG does to each row before it is compressed. */
function unfilter(filtered: Buffer, stride: number, channels: number): Buffer {
  const height = filtered.length / (stride + 1)
  const rows = Buffer.alloc(height * stride)
  for (let y = 0; y < height; y++) {
    const filter = filtered[y * (stride + 1)]
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x
      const left = x >= channels ? (rows[at - channels] as number) : 0
      const up = y > 0 ? (rows[at - stride] as number) : 0
      const corner = x >= channels && y > 0 ? (rows[at - stride - channels] as number) : 0
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter as number]
      rows[at] = (filtered[y * (stride + 1) + 1 + x] as number) + (guess as number)
    }
  }
  return rows
}

function paeth(left: number, up: number, corner: number): number {
  const [a, b, c] = [left, up, corner].map((value) => Math.abs(left + up - corner - value))
  if ((a as number) <= (b as number) && (a as number) <= (c as number)) return left
  return (b as number) <= (c as number) ? up : corner
}
