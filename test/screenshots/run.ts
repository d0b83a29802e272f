import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { openPage } from '../fixtures/browser/browser.ts'
import { launchChromium } from '../fixtures/browser/chromium.ts'
import type { Teardown } from '../fixtures/postgres/database.ts'
import { until } from '../fixtures/browser/element.ts'
import { scenes, type Scene } from './scenes.ts'
import { smallPng } from './small-png.ts'
import { setStage, type Stage } from './stage.ts'

/**
 * `npm run screenshots`: pictures of every state a person can see, in both languages and both
 * themes. `npm run screenshots -- pending demo` takes only those, `-- --readme` the
 * README's and the guides'.
 */
const { values, positionals } = parseArgs({
  options: {
    out: { type: 'string', default: 'screenshots' },
    readme: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})

type Look = { language: 'zh-CN' | 'en'; theme: 'light' | 'dark' }
type Shot = Look & { scene: Scene; frame: string; file: string; density: number }

const README_FOLDER = 'test/screenshots/readme'
const README_LIMIT_BYTES = 40_000
/**
 * What of them is shown there, a selector: the demo's requests would be too small to read.
 * The demo stands in the README and in `try`, the other two in `page`.
 */
const README_FRAMES: Record<string, string> = {
  pending: 'scene-pass',
  scanned: 'scene-pass',
  demo: '.page, .handset',
}
/** In which two elements stand side by side. */
const README_FONT = 'body { font-size: 12px }'
const MARGIN = 12
const LANGUAGES = ['zh-CN', 'en'] as const

function shotsOf(scene: Scene): Shot[] {
  if (values.readme) {
    const frame = README_FRAMES[scene.name]
    if (!frame) return []
    return LANGUAGES.map((language) => {
      const suffix = language === 'en' ? '' : `.${language}`
      const file = join(README_FOLDER, `${scene.name}${suffix}.png`)
      return { scene, frame, language, theme: 'light', file, density: 1 }
    })
  }
  if (positionals.length > 0 && !positionals.includes(scene.name)) return []
  const { frame = 'scene-pass' } = scene
  return LANGUAGES.flatMap((language) =>
    (['light', 'dark'] as const).map((theme) => {
      const file = join(values.out, `${scene.name}.${language}.${theme}.png`)
      return { scene, frame, language, theme, file, density: 2 }
    }),
  )
}

async function shoot(browser: Browser, stage: Stage, shot: Shot): Promise<void> {
  const { scene, frame, language, theme, file, density } = shot
  const { at = 'site' } = scene
  const undo: (() => unknown)[] = []
  const t: Teardown = { teardown: (step) => void undo.push(step) }
  const { page } = await openPage(t, browser, {
    viewport: { width: 1180, height: 860 },
    deviceScaleFactor: density,
    ...scene.device,
    locale: language,
    colorScheme: theme,
    reducedMotion: 'reduce',
  })
  try {
    // The countdown stays where it begins, at two minutes.
    await page.addInitScript((now) => {
      Date.now = () => now
    }, Date.now())
    await scene.before?.(page)
    await page.goto(stage[at])
    if (values.readme && at === 'site') await page.addStyleTag({ content: README_FONT })
    await scene.play?.(page, stage)
    await until(page, scene.state)
    const clip = frame === 'body' ? {} : { clip: await aroundOf(page, frame) }
    const picture = await page.screenshot({ fullPage: true, ...clip })
    keep(file, picture)
  } finally {
    for (const step of undo) await step()
  }
}

/** Where one thing or several are on the page, with a little of what is around them. */
async function aroundOf(page: Page, selector: string) {
  await page.evaluate(() => scrollTo(0, 0))
  const boxes = await page
    .locator(selector)
    .evaluateAll((found) => found.map((element) => element.getBoundingClientRect().toJSON()))
  if (boxes.length === 0) throw new Error(`there is no ${selector} to be seen`)
  const least = (side: string) => Math.min(...boxes.map((box) => box[side])) - MARGIN
  const most = (side: string) => Math.max(...boxes.map((box) => box[side])) + MARGIN
  const [x, y] = [least('left'), least('top')]
  return { x, y, width: most('right') - x, height: most('bottom') - y }
}

function keep(file: string, picture: Buffer): void {
  const png = values.readme ? smallPng(picture) : picture
  writeFileSync(file, png)
  process.stdout.write(`${file}  ${Math.ceil(png.length / 1000)} KB\n`)
  if (values.readme && png.length > README_LIMIT_BYTES) {
    throw new Error(`${file} has ${png.length} bytes, more than ${README_LIMIT_BYTES}`)
  }
}

const launch = await launchChromium()
if ('tried' in launch) throw new Error(`no browser runs here: ${launch.tried.join('; ')}`)
const undo: (() => unknown)[] = [() => launch.browser.close()]
try {
  const shots = scenes.flatMap(shotsOf)
  if (shots.length === 0) throw new Error(`there is no scene ${positionals.join(', ')}`)
  mkdirSync(values.readme ? README_FOLDER : values.out, { recursive: true })
  const stage = await setStage({ teardown: (step) => void undo.unshift(step) })
  for (const shot of shots) await shoot(launch.browser, stage, shot)
} finally {
  for (const step of undo) await step()
}
