import jsqr from 'jsqr'
import t from 'tap'
import { drawRoundCode } from '../../../src/sandbox/wechat/round-code/draw.ts'
import { readIndexedPng } from '../../fixtures/indexed-png.ts'

// Its types are those of another module system.
const decode = jsqr as unknown as (typeof jsqr)['default']

const SCENE = 'nQliz_HH8z60ukfmnWdeJB'
const texts = [
  `http://127.0.0.1:3000/sandbox/phone?scene=${SCENE}`,
  `http://192.168.100.100:3000/sandbox/phone?scene=${SCENE}`,
  `https://login.a-company-with-a-long-name.example.com/sandbox/phone?scene=${'Ab-_'.repeat(8)}`,
]

type Picture = { side: number; grey: Uint8ClampedArray }

/** On white paper, as much of it around as an element's tile has. */
function onPaper({ side, grey }: Picture, room = 16): Picture {
  const wide = side + 2 * room
  const paper = new Uint8ClampedArray(wide * wide).fill(255)
  for (let y = 0; y < side; y++) {
    paper.set(grey.subarray(y * side, (y + 1) * side), (y + room) * wide + room)
  }
  return { side: wide, grey: paper }
}

/** Every pixel the mean of those around it. */
function blurred({ side, grey }: Picture, radius: number): Picture {
  const out = new Uint8ClampedArray(grey.length)
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      let [sum, count] = [0, 0]
      for (let v = Math.max(0, y - radius); v <= Math.min(side - 1, y + radius); v++) {
        for (let u = Math.max(0, x - radius); u <= Math.min(side - 1, x + radius); u++) {
          sum += grey[v * side + u] ?? 0
          count += 1
        }
      }
      out[y * side + x] = sum / count
    }
  }
  return { side, grey: out }
}

/** Half as large: every pixel the mean of four. */
function halved({ side, grey }: Picture): Picture {
  const half = side >> 1
  const out = new Uint8ClampedArray(half * half)
  for (let y = 0; y < half; y++) {
    for (let x = 0; x < half; x++) {
      const at = 2 * y * side + 2 * x
      const four = [at, at + 1, at + side, at + side + 1].map((index) => grey[index] ?? 0)
      out[y * half + x] = four.reduce((sum, value) => sum + value, 0) / 4
    }
  }
  return { side: half, grey: out }
}

function read({ side, grey }: Picture): string | undefined {
  const rgba = new Uint8ClampedArray(grey.length * 4)
  grey.forEach((value, index) => rgba.set([value, value, value, 255], index * 4))
  return decode(rgba, side, side)?.data
}

for (const [index, text] of texts.entries()) {
  for (const width of index === 0 ? [280, 430, 1280] : [280, 430]) {
    t.test(`${text.length} characters at ${width} px: a camera reads exactly these`, async (t) => {
      const picture = onPaper(readIndexedPng(drawRoundCode(text, width)))
      t.equal(picture.side, width + 32)
      t.equal(read(picture), text)
      t.equal(read(halved(picture)), text, 'from twice as far')
      if (width <= 430) t.equal(read(blurred(picture, 1)), text, 'out of focus')
    })
  }
}

t.test('it is round: nothing stands in its corners, and something at its four sides', async (t) => {
  const { side, grey } = readIndexedPng(drawRoundCode(texts[0] as string, 430))
  const middle = side / 2
  let [outside, rim] = [0, 0]
  grey.forEach((value, index) => {
    const far = Math.hypot((index % side) - middle, Math.floor(index / side) - middle)
    if (value < 255 && far > middle) outside += 1
    if (value < 128 && far > middle * 0.93) rim += 1
  })
  t.equal(outside, 0)
  t.ok(rim > 500, `${rim} dark pixels at its rim`)
})

t.test('every code has its own dots, in one layout, and few bytes', async (t) => {
  const [one, other] = ['a', 'b'].map((last) => drawRoundCode(texts[0]?.slice(0, -1) + last, 430))
  t.notSame(one, other)
  t.same(one, drawRoundCode(`${texts[0]?.slice(0, -1)}a`, 430))
  for (const png of [one, other]) t.ok((png?.length ?? 0) < 12_000, `${png?.length} bytes`)
})

t.test('a very long text makes the picture larger instead of its modules too small', async (t) => {
  const long = `https://login.example/${'a'.repeat(400)}`
  const picture = readIndexedPng(drawRoundCode(long, 280))
  t.ok(picture.side > 400)
  t.equal(read(onPaper(picture)), long)
})
