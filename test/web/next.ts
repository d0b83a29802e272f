import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { extname, join, relative } from 'node:path'
import t from 'tap'
import { folderOf, skipWithoutThem } from '../fixtures/apart/packages.ts'
import { signsIn } from '../fixtures/apart/signs-in.ts'
import { startApp } from '../fixtures/app.ts'
import { openBrowser } from '../fixtures/browser/browser.ts'
import { startSite } from '../fixtures/browser/site.ts'
import { runCommand } from '../fixtures/network/command.ts'
import { pack, unpack } from '../fixtures/packed.ts'
import { blockWith, guideFile } from '../fixtures/readme.ts'
import { root } from '../fixtures/root.ts'

/** The guide's example for React in Next.js, with both of its bundlers. */

skipWithoutThem(t)
// Each of the two builds takes half a minute on two busy cores.
t.setTimeout(300_000)
const browser = await openBrowser(t)
const site = await startSite(t)
const { url } = await startApp(t, { corsOrigins: [site.origin] })
const tarball = await pack(t)
const JS = { 'content-type': 'text/javascript; charset=utf-8' }

const LAYOUT = `export default ({ children }) => <html lang="en"><body>{children}</body></html>`
const PAGE = `'use client'
import { SignIn } from './sign-in'
export default () => <SignIn onToken={(token) => { document.title = token }} />`

for (const [name, flag] of [
  ['Turbopack', '--turbopack'],
  ['webpack', '--webpack'],
] as const) {
  t.test(`Next.js with ${name}, rendered on the server`, async (t) => {
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
    await signsIn(t, { browser, service: url, page: site.origin + base })
  })
}
