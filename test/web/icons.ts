import t from 'tap'
import { startApp } from '../fixtures/app.ts'
import { openBrowser, openPage } from '../fixtures/browser/browser.ts'

/** The build draws our icon by itself; a browser draws it from the same file. */

const browser = await openBrowser(t)
const { url } = await startApp(t, { sandbox: null, officialAccount: null })

t.test('the icons look like the drawing that they are made of', async (t) => {
  const { page } = await openPage(t, browser)
  await page.goto(`${url}/openapi.json`)
  for (const [path, size, edge] of [
    ['/favicon.ico', 32, 0],
    // This one has no round corners.
    ['/apple-touch-icon.png', 180, 45],
  ] as const) {
    const { width, worst, mean } = await page.evaluate(
      async ({ path, size, edge }) => {
        const pixelsOf = async (src: string) => {
          const image = new Image()
          image.src = src
          await image.decode()
          const canvas = document.createElement('canvas')
          canvas.width = canvas.height = size
          const context = canvas.getContext('2d') as CanvasRenderingContext2D
          context.fillStyle = '#fff'
          context.fillRect(0, 0, size, size)
          context.drawImage(image, 0, 0, size, size)
          const inner = size - 2 * edge
          return {
            width: image.naturalWidth,
            data: context.getImageData(edge, edge, inner, inner).data,
          }
        }
        const [drawn, made] = [await pixelsOf('/icon.svg'), await pixelsOf(path)]
        const off = [...made.data].map((value, at) => Math.abs(value - (drawn.data[at] as number)))
        return {
          width: made.width,
          worst: Math.max(...off),
          mean: off.reduce((sum, each) => sum + each, 0) / off.length,
        }
      },
      { path, size, edge },
    )
    t.equal(width, size, path)
    t.comment(`${path}: worst ${worst}, mean ${mean.toFixed(2)} of 255`)
    t.ok(mean < 2, `${path}: ${mean}`)
    t.ok(worst < 80, `${path}: ${worst}`)
  }
})
