import { build, type BuildOptions } from 'esbuild'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { folderOf, skipWithoutThem } from '../fixtures/apart/packages.ts'
import { signsIn } from '../fixtures/apart/signs-in.ts'
import { startApp } from '../fixtures/app.ts'
import { openBrowser } from '../fixtures/browser/browser.ts'
import { startSite } from '../fixtures/browser/site.ts'
import { temporaryFolder } from '../fixtures/network/child.ts'
import { runCommand } from '../fixtures/network/command.ts'
import { pack, unpack } from '../fixtures/packed.ts'
import { blockWith, guideFile } from '../fixtures/readme.ts'
import { root } from '../fixtures/root.ts'

/** The guide's example for React, as it stands there, in all that people have. */

skipWithoutThem(t)
const browser = await openBrowser(t)
const site = await startSite(t)
const { url } = await startApp(t, { corsOrigins: [site.origin] })
const tarball = await pack(t)
const guide = readFileSync(new URL(guideFile('page', 'en'), root), 'utf8')
const EXAMPLE = blockWith(guide, 'useRef').replace('https://login.example.com', url)

const TREE = `import { SignIn } from './sign-in.jsx'
const tree = <SignIn onToken={(token) => { document.title = token }} />
const place = globalThis.document?.getElementById('root')`
const OLD = { client: 'ReactDOM.render(tree, place)', hydrated: 'ReactDOM.hydrate(tree, place)' }
const NEW = {
  client: 'ReactDOM.createRoot(place).render(tree)',
  hydrated: 'ReactDOM.hydrateRoot(place, tree)',
}

for (const [version, dom, calls] of [
  ['react-16', 'react-dom', OLD],
  ['react-17', 'react-dom', OLD],
  ['react-18', 'react-dom/client', NEW],
  ['react-19', 'react-dom/client', NEW],
] as const) {
  t.test(`${version}: rendered in the browser, and on the server`, async (t) => {
    const folder = temporaryFolder(t)
    await unpack(tarball, join(folder, 'node_modules', 'scenepass'))
    writeFileSync(join(folder, 'sign-in.jsx'), EXAMPLE)

    async function bundle(name: string, text: string, options: BuildOptions): Promise<string> {
      writeFileSync(join(folder, `${name}.jsx`), `${TREE}\n${text}`)
      const outfile = join(folder, `${name}.out.cjs`)
      await build({
        entryPoints: [join(folder, `${name}.jsx`)],
        outfile,
        bundle: true,
        jsx: 'automatic',
        nodePaths: [join(folderOf(version), 'node_modules')],
        define: { 'process.env.NODE_ENV': '"production"' },
        logLevel: 'silent',
        ...options,
      })
      return outfile
    }

    const server = `import { renderToString } from 'react-dom/server'
process.stdout.write(renderToString(tree))`
    const program = await bundle('server', server, { platform: 'node', format: 'cjs' })
    const { out: html, err } = await runCommand(process.execPath, [program], { cwd: folder })
    t.match(html, `<scene-pass src="${url}"`, err)

    for (const [way, content] of [
      ['client', ''],
      ['hydrated', html],
    ] as const) {
      const script = await bundle(way, `import * as ReactDOM from '${dom}'\n${calls[way]}`, {})
      const path = `/${version}-${way}`
      site.pages.set(`${path}.js`, {
        html: readFileSync(script, 'utf8'),
        headers: { 'content-type': 'text/javascript; charset=utf-8' },
      })
      site.pages.set(path, {
        html: `<!doctype html><html lang="en"><meta charset="utf-8"><div id="root">${content}</div><script src="${path}.js"></script>`,
      })
      await signsIn(t, { browser, service: url, page: site.origin + path })
    }
  })
}
