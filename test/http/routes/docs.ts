import t from 'tap'
import { inChinese } from '../../../src/http/pages/api-words.ts'
import { startApp } from '../../fixtures/app.ts'

const { url } = await startApp(t, { urlLink: true, oidc: {} })
const open = (path: string, language?: string) =>
  fetch(`${url}${path}`, language === undefined ? {} : { headers: { 'accept-language': language } })

/** Every sentence of the API's document. */
function sentencesIn(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(sentencesIn)
  if (typeof node !== 'object' || node === null) return []
  return Object.entries(node).flatMap(([name, value]) =>
    typeof value === 'string' && (name === 'description' || name === 'summary')
      ? [value]
      : sentencesIn(value),
  )
}

t.test('every sentence of the document is there in Chinese, too', async (t) => {
  const sentences = new Set(sentencesIn(await (await open('/openapi.json')).json()))
  t.ok(sentences.size > 40)
  for (const sentence of sentences) t.type(inChinese(sentence), 'string', sentence)
})

t.test('the page speaks the language that is asked for', async (t) => {
  for (const [path, language, lang] of [
    ['/docs', 'zh-CN,zh;q=0.9,en;q=0.8', 'zh-CN'],
    ['/docs', 'zh-TW', 'zh-CN'],
    ['/docs', 'en-GB', 'en'],
    ['/docs', 'ja', 'en'],
    ['/docs', undefined, 'zh-CN'],
    ['/docs?lang=en', 'zh-CN', 'en'],
    ['/docs?lang=zh-CN', 'en', 'zh-CN'],
  ] as const) {
    const answer = await open(path, language)
    const html = await answer.text()
    t.match(html, `<html lang="${lang}">`, `${path} ${language}`)
    t.match(html, lang === 'en' ? 'Begin a sign-in' : '开始一次登录')
    t.match(html, lang === 'en' ? '>中文</a>' : '>English</a>')
    t.match(answer.headers.get('vary'), /accept-language/i)
  }
  t.equal((await open('/docs?lang=fr')).status, 400)
})

t.test('it is small, in one piece, and within its own policy', async (t) => {
  const answer = await open('/docs', 'zh')
  const html = await answer.text()
  t.ok(Buffer.byteLength(html) < 64 * 1024)
  t.notMatch(html, /<script|<style| style=| on\w+=/)
  t.match(answer.headers.get('content-security-policy'), /default-src 'none'/)
  t.match(html, /<title>ScenePass API<\/title>/)
  t.match(html, '/icon.svg')
})
