import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { extname, join, relative } from 'node:path'
import t, { type Test } from 'tap'
import { bundlers, outOf } from '../fixtures/apart/bundlers.ts'
import { folderOf, notInstalled } from '../fixtures/apart/packages.ts'
import { startApp } from '../fixtures/app.ts'
import { openBrowser, openPage } from '../fixtures/browser/browser.ts'
import { listen, until } from '../fixtures/browser/element.ts'
import { startSite } from '../fixtures/browser/site.ts'
import { temporaryFolder } from '../fixtures/network/child.ts'
import { clientOf } from '../fixtures/network/client.ts'
import { runCommand } from '../fixtures/network/command.ts'
import { pack, unpack } from '../fixtures/packed.ts'
import { blockWith, guideFile } from '../fixtures/readme.ts'
import { root } from '../fixtures/root.ts'

/** The element of the package, in sites that are built with what sites are built with. */

const skip = notInstalled()
if (skip) {
  process.stderr.write(`${skip}\n`)
  t.plan(0, skip)
  process.exit(0)
}
const browser = await openBrowser(t)
const site = await startSite(t)
const { url } = await startApp(t, { corsOrigins: [site.origin] })
const tarball = await pack(t)
const JS = { 'content-type': 'text/javascript; charset=utf-8' }

/** A person opens the page and signs in; what the page's own code heard is there afterwards. */
async function signsIn(t: Test, path: string): Promise<void> {
  const { page, troubles } = await openPage(t, browser)
  await page.goto(site.origin + path)
  const { scene } = await until(page, 'pending')
  const heard = await listen(page)
  await clientOf(url).login({ scene: scene as string }, 'alice')
  await until(page, 'confirmed')
  const [token] = await heard()
  t.match(token, /^ey/)
  await page.waitForFunction((token) => document.title === token, token)
  t.same(troubles, [])
}

const ENTRY = `import { ScenePassElement } from 'scenepass/widget'
document.addEventListener('login', (event) => { document.title = event.detail.token })
globalThis.known = ScenePassElement`

for (const { name, classic, bundle } of bundlers) {
  t.test(`a site that is built with ${name}`, async (t) => {
    const folder = temporaryFolder(t)
    await unpack(tarball, join(folder, 'node_modules', 'scenepass'))
    writeFileSync(join(folder, 'entry.js'), ENTRY)
    await bundle(folder)
    const out = outOf(folder)
    t.notMatch(out, folder, 'it says nothing of the machine that built it')
    t.notMatch(out, 'file://')
    const path = `/${encodeURIComponent(name)}`
    site.pages.set(`${path}.js`, { html: out, headers: JS })
    site.pages.set(path, {
      html: `<!doctype html><html lang="en"><script ${classic ? 'defer' : 'type="module"'} src="${path}.js"></script><scene-pass src="${url}"></scene-pass>`,
    })
    await signsIn(t, path)
  })
}

const LAYOUT = `export default ({ children }) => <html lang="en"><body>{children}</body></html>`
const PAGE = `'use client'
import { SignIn } from './sign-in'
export default () => <SignIn onToken={(token) => { document.title = token }} />`

for (const [name, flag] of [
  ['Turbopack', '--turbopack'],
  ['webpack', '--webpack'],
] as const) {
  t.test(`Next.js with ${name}, rendered on the server`, { timeout: 240_000 }, async (t) => {
    const folder = mkdtempSync(join(folderOf('next'), 'site-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    await unpack(tarball, join(folder, 'node_modules', 'scenepass'))
    mkdirSync(join(folder, 'app'))
    const base = `/next-${name}`
    const example = blockWith(
      readFileSync(new URL(guideFile('page', 'en'), root), 'utf8'),
      'useRef',
    )
    const files = {
      'package.json': '{"private":true}',
      'next.config.mjs': `export default { output: 'export', basePath: '${base}' }`,
      'app/layout.jsx': LAYOUT,
      'app/page.jsx': PAGE,
      'app/sign-in.jsx': example.replace('https://login.example.com', url),
    }
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
    const next = join(folderOf('next'), 'node_modules', 'next', 'dist', 'bin', 'next')
    const env = { NEXT_TELEMETRY_DISABLED: '1', CI: '1' }
    const { status, out, err } = await runCommand(process.execPath, [next, 'build', flag], {
      cwd: folder,
      env,
    })
    t.equal(status, 0, out + err)

    const made = join(folder, 'out')
    for (const entry of readdirSync(made, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const file = join(entry.parentPath, entry.name)
      const path = `${base}/${relative(made, file)}`.replace('/index.html', '')
      const text = readFileSync(file, 'utf8')
      t.notMatch(text, folder)
      site.pages.set(path, { html: text, ...(extname(file) === '.js' && { headers: JS }) })
    }
    t.match(
      site.pages.get(base)?.html,
      `<scene-pass src="${url}">`,
      'it is there before any script',
    )
    await signsIn(t, base)
  })
}
