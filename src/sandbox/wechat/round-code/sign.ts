import { stroke, type Shape } from './shapes.ts'

type Line = readonly (readonly [x: number, y: number])[]

/** The strokes of 沙 and 箱, each in a square of side 1: there is no font where this is drawn. */
const SAND: readonly Line[] = [
  [
    [0.08, 0.13],
    [0.23, 0.25],
  ],
  [
    [0.03, 0.4],
    [0.18, 0.51],
  ],
  [
    [0.05, 0.93],
    [0.24, 0.67],
  ],
  [
    [0.63, 0.05],
    [0.63, 0.6],
  ],
  [
    [0.46, 0.23],
    [0.35, 0.47],
  ],
  [
    [0.79, 0.22],
    [0.94, 0.45],
  ],
  [
    [0.9, 0.54],
    [0.74, 0.77],
    [0.55, 0.89],
    [0.34, 0.96],
  ],
]
const BOX: readonly Line[] = [
  [
    [0.19, 0.02],
    [0.05, 0.22],
  ],
  [
    [0.16, 0.12],
    [0.45, 0.12],
  ],
  [
    [0.28, 0.13],
    [0.34, 0.25],
  ],
  [
    [0.64, 0.02],
    [0.52, 0.22],
  ],
  [
    [0.61, 0.12],
    [0.96, 0.12],
  ],
  [
    [0.76, 0.13],
    [0.82, 0.25],
  ],
  [
    [0.04, 0.47],
    [0.47, 0.47],
  ],
  [
    [0.26, 0.32],
    [0.26, 0.98],
  ],
  [
    [0.25, 0.5],
    [0.04, 0.81],
  ],
  [
    [0.29, 0.54],
    [0.45, 0.72],
  ],
  [
    [0.57, 0.36],
    [0.93, 0.36],
    [0.93, 0.95],
    [0.57, 0.95],
    [0.57, 0.36],
  ],
  [
    [0.57, 0.555],
    [0.93, 0.555],
  ],
  [
    [0.57, 0.75],
    [0.93, 0.75],
  ],
]
const WIDTH = 0.088
const GAP = 0.14

/**
 * “沙箱” in one line around a point.
 *
 * @param size a sign's side in px
 */
export function signs(cx: number, cy: number, size: number): Shape[] {
  const left = cx - size * (1 + GAP / 2)
  return [SAND, BOX].flatMap((lines, index) => {
    const origin = left + index * size * (1 + GAP)
    const at = ([x, y]: readonly [number, number]) =>
      [origin + x * size, cy + (y - 0.5) * size] as const
    return lines.flatMap((line) =>
      line.slice(1).map((point, before) => {
        const from = line[before] ?? point
        return stroke(at(from), at(point), WIDTH * size)
      }),
    )
  })
}
