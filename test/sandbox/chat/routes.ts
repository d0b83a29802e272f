import t from 'tap'
import { startApp } from '../../fixtures/app.ts'

t.test('the chat is one document for every scene, which a strict policy lets work', async (t) => {
  const { url } = await startApp(t)
  const resting = await (await fetch(`${url}/sandbox/q`)).text()
  const answer = await fetch(`${url}/sandbox/q/abcdefghijklmnopqrst-_`)
  t.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8')
  t.equal(answer.headers.get('cache-control'), 'no-store')
  t.match(answer.headers.get('content-security-policy'), "frame-ancestors 'self'")
  t.equal(answer.headers.get('x-frame-options'), 'SAMEORIGIN')
  const html = await answer.text()
  t.equal(html, resting, 'nothing of the address is echoed')
  t.notMatch(html, /\son\w+\s*=|\sstyle\s*=|<style|javascript:|data:|https?:/i)
  for (const [path, type] of [
    ['/sandbox/chat.js', 'text/javascript'],
    ['/sandbox/chat.css', 'text/css'],
  ] as const) {
    t.match(html, path)
    const file = await fetch(url + path)
    t.equal(file.headers.get('content-type'), `${type}; charset=utf-8`)
    t.match(file.headers.get('content-security-policy'), "frame-ancestors 'none'")
    t.notMatch(await file.text(), /@import|url\(/)
  }
})

t.test('whether a person follows is told, and changes with what they do', async (t) => {
  const { url } = await startApp(t)
  const follows = async (): Promise<unknown> =>
    (await fetch(`${url}/sandbox/oa/followers/alice`)).json()
  const post = async (path: string, body: object): Promise<void> => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })
    t.equal(answer.status, 200)
    await answer.text()
  }
  t.same(await follows(), { follows: false })
  await post('/sandbox/oa/scan', { user: 'alice', scene: 'abcdefghijklmnopqrst-_' })
  t.same(await follows(), { follows: true })
  await post('/sandbox/oa/unfollow', { user: 'alice' })
  t.same(await follows(), { follows: false })
  t.equal((await fetch(`${url}/sandbox/oa/followers/A`)).status, 404)
})
