import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { bundlers } from '../fixtures/apart/bundlers.ts'
import { skipWithoutThem } from '../fixtures/apart/packages.ts'
import { signsIn } from '../fixtures/apart/signs-in.ts'
import { startApp } from '../fixtures/app.ts'
import { openBrowser } from '../fixtures/browser/browser.ts'
import { startSite } from '../fixtures/browser/site.ts'
import { temporaryFolder } from '../fixtures/network/child.ts'
import { pack, unpack } from '../fixtures/packed.ts'

/** The element of the package, in sites that are built with what sites are built with. */

skipWithoutThem(t)
const browser = await openBrowser(t)
const site = await startSite(t)
const { url } = await startApp(t, { corsOrigins: [site.origin] })
const tarball = await pack(t)
const JS = { 'content-type': 'text/javascript; charset=utf-8' }

const ENTRY = `import { ScenePassElement } from 'scenepass/widget'
document.addEventListener('login', (event) => { document.title = event.detail.token })
globalThis.known = ScenePassElement`

for (const { name, classic, out: file = 'out.js', bundle } of bundlers) {
  t.test(`a site that is built with ${name}`, async (t) => {
    const folder = temporaryFolder(t)
    await unpack(tarball, join(folder, 'node_modules', 'scenepass'))
    writeFileSync(join(folder, 'entry.js'), ENTRY)
    await bundle(folder)
    const out = readFileSync(join(folder, file), 'utf8')
    t.notMatch(out, folder, 'it says nothing of the machine that built it')
    t.notMatch(out, 'file://')
    const path = `/${encodeURIComponent(name)}`
    site.pages.set(`${path}.js`, { html: out, headers: JS })
    site.pages.set(path, {
      html: `<!doctype html><html lang="en"><script ${classic ? 'defer' : 'type="module"'} src="${path}.js"></script><scene-pass src="${url}"></scene-pass>`,
    })
    await signsIn(t, { browser, service: url, page: site.origin + path })
  })
}
