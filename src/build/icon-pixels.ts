import { encodePng } from '../png.ts'

/** The shapes of our icon: as much of SVG as `icon.svg` is written in. */

type Point = readonly [x: number, y: number]
type Shape = {
  color: Color
  /** The distance from a point to the shape's edge, less than 0 inside. */
  distance: (point: Point) => number
}
type Color = readonly [red: number, green: number, blue: number]

const numbersIn = (text: string): number[] => (text.match(/-?\d*\.?\d+/g) ?? []).map(Number)

function attribute(tag: string, name: string): string {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1]
  if (value === undefined) throw new Error(`the icon has no ${name} in ${tag}`)
  return value
}
const numberOf = (tag: string, name: string): number => Number(attribute(tag, name))

/** `#rgb` or `#rrggbb`. */
function colorOf(text: string): Color {
  const long = text.length === 4 ? text.replace(/[^#]/g, '$&$&') : text
  return [1, 3, 5].map((at) => parseInt(long.slice(at, at + 2), 16)) as unknown as Color
}

const tagsIn = (svg: string, name: string): string[] =>
  [...svg.matchAll(new RegExp(`<${name}\\s[^>]*>`, 'g'))].map(([tag]) => tag)

function shapesOf(svg: string, square: boolean): Shape[] {
  const dots = colorOf(attribute(tagsIn(svg, 'g')[0] ?? '', 'fill'))
  return [
    ...tagsIn(svg, 'rect').map((tag) => {
      const half = numberOf(tag, 'width') / 2
      const radius = square ? 0 : numberOf(tag, 'rx')
      const distance = ([x, y]: Point): number => {
        const [dx, dy] = [x, y].map((at) => Math.abs(at - half) - half + radius) as [number, number]
        const outside = Math.hypot(Math.max(dx, 0), Math.max(dy, 0))
        return outside + Math.min(Math.max(dx, dy), 0) - radius
      }
      return { color: colorOf(attribute(tag, 'fill')), distance }
    }),
    ...tagsIn(svg, 'circle').map((tag) => {
      const [cx, cy, r] = ['cx', 'cy', 'r'].map((name) => numberOf(tag, name)) as [
        number,
        number,
        number,
      ]
      return { color: dots, distance: ([x, y]: Point) => Math.hypot(x - cx, y - cy) - r }
    }),
    ...tagsIn(svg, 'path').map((tag) => {
      // Each pair goes on from the one before.
      const steps = numbersIn(attribute(tag, 'd'))
      const line: Point[] = []
      for (let at = 0; at < steps.length; at += 2) {
        const [x, y] = line.at(-1) ?? [0, 0]
        line.push([x + (steps[at] as number), y + (steps[at + 1] as number)])
      }
      const half = numberOf(tag, 'stroke-width') / 2
      const distance = (point: Point): number =>
        Math.min(
          ...line.slice(1).map((end, index) => toSegment(point, line[index] as Point, end)),
        ) - half
      return { color: colorOf(attribute(tag, 'stroke')), distance }
    }),
  ]
}

function toSegment([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay]
  const along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)
  const share = Math.min(1, Math.max(0, along))
  return Math.hypot(x - ax - share * dx, y - ay - share * dy)
}

/**
 * Our icon as pixels.
 *
 * @param svg as it stands in `icon.svg`
 * @param size of its side
 * @returns red, green, blue and alpha of each, row by row
 */
export function drawIcon(
  svg: string,
  size: number,
  options: { corners?: 'round' | 'square' } = {},
): Buffer {
  const shapes = shapesOf(svg, options.corners === 'square')
  const [, , side = 32] = numbersIn(attribute(tagsIn(svg, 'svg')[0] ?? '', 'viewBox'))
  const unit = size / side
  const pixels = Buffer.alloc(size * size * 4)
  for (let index = 0; index < size * size; index++) {
    const point: Point = [((index % size) + 0.5) / unit, (Math.floor(index / size) + 0.5) / unit]
    let [red, green, blue, alpha] = [0, 0, 0, 0]
    for (const { color, distance } of shapes) {
      // How much of the pixel the shape covers, near enough: its edge is a straight line there.
      const cover = Math.min(1, Math.max(0, 0.5 - distance(point) * unit))
      if (cover === 0) continue
      const rest = alpha * (1 - cover)
      alpha = cover + rest
      const over = (below: number, above: number) => (above * cover + below * rest) / alpha
      ;[red, green, blue] = [over(red, color[0]), over(green, color[1]), over(blue, color[2])]
    }
    pixels.set([red, green, blue, alpha * 255].map(Math.round), index * 4)
  }
  return pixels
}

/** @param pixels as `drawIcon` has them */
export function pngOf(size: number, pixels: Buffer): Buffer {
  const stride = size * 4
  const rows = Array.from({ length: size }, (_, y) =>
    // The byte before each row says: not filtered.
    Buffer.concat([Buffer.alloc(1), pixels.subarray(y * stride, (y + 1) * stride)]),
  )
  return encodePng({
    width: size,
    height: size,
    bits: 8,
    rows: Buffer.concat(rows),
    alpha: true,
    effort: 9,
  })
}

/** An .ico with one PNG in it, as Windows Vista and every browser since read it. */
export function icoOf(size: number, png: Buffer): Buffer {
  const header = Buffer.alloc(22)
  // An icon, of one picture.
  header.writeUInt16LE(1, 2)
  header.writeUInt16LE(1, 4)
  header.set([size, size], 6)
  // One plane, 32 bits a pixel; how long, and where.
  header.writeUInt16LE(1, 10)
  header.writeUInt16LE(32, 12)
  header.writeUInt32LE(png.length, 14)
  header.writeUInt32LE(header.length, 18)
  return Buffer.concat([header, png])
}
