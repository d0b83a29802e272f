import t from 'tap'
import { openSandbox } from '../../fixtures/network/sandbox.ts'

t.test('the page is one document that a strict content security policy lets work', async (t) => {
  const { app } = await openSandbox(t)
  const response = await app.inject('/sandbox/phone?scene=abc')
  t.equal(response.headers['content-type'], 'text/html; charset=utf-8')
  t.equal(response.headers['cache-control'], 'no-store')
  const html = response.body
  t.notMatch(html, /\son\w+\s*=/i, 'no inline handler')
  t.notMatch(html, /\sstyle\s*=|<style/i, 'no inline style')
  t.notMatch(html, /javascript:|data:|https?:/i, 'nothing from elsewhere')
  t.notMatch(html, /abc/, 'nothing of the query is echoed')
  const scripts = [...html.matchAll(/<script([^>]*)>([^<]*)<\/script>/g)]
  t.equal(scripts.length, 1)
  for (const [, attributes, inside] of scripts) {
    t.match(attributes, /type="module" src="\/sandbox\/phone\.js"/)
    t.equal(inside, '')
  }
  t.match(html, /<meta name="viewport" content="width=device-width/)
})

t.test('what the document refers to is there, in the right type', async (t) => {
  const { app } = await openSandbox(t)
  const html = (await app.inject('/sandbox/phone')).body
  const paths = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '')
  t.same(paths.sort(), ['/sandbox/phone.css', '/sandbox/phone.js'])
  for (const path of paths) {
    const { statusCode, headers } = await app.inject(path)
    t.equal(statusCode, 200)
    const type = path.endsWith('.js') ? 'text/javascript' : 'text/css'
    t.equal(headers['content-type'], `${type}; charset=utf-8`)
  }
})

t.test('the stylesheet gives confirm and decline one look', async (t) => {
  const { app } = await openSandbox(t)
  const css = (await app.inject('/sandbox/phone.css')).body
  t.equal(css.match(/\.decide\b/g)?.length, 1, 'one rule for both, none for a single one')
  t.match(css, /\.decision ?\{[^}]*repeat\(auto-fit, ?minmax\([^}]+, ?1fr\)\)/, 'equally wide')
  t.notMatch(css, /url\(|@import/, 'nothing from elsewhere')
})
