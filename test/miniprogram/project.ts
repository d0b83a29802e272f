import { existsSync, readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { catalogue } from '../../src/errors.ts'
import type { Json } from '../fixtures/network/client.ts'
import { load, miniprogram } from '../fixtures/browser/miniprogram.ts'

/** What WeChat's developer tool needs to open the folder as it is. */
const read = (name: string): string => readFileSync(new URL(name, miniprogram), 'utf8')
const json = (name: string): Json => JSON.parse(read(name))

t.test('every page and component has its four files', async (t) => {
  const { pages } = json('app.json')
  t.same(pages, ['pages/login/login'], 'the default of WECHAT_PAGE')
  for (const page of pages) {
    for (const type of ['js', 'json', 'wxml'])
      t.ok(existsSync(new URL(`${page}.${type}`, miniprogram)))
    for (const path of Object.values<string>(json(`${page}.json`).usingComponents)) {
      const component = new URL(path, new URL(page, miniprogram))
      for (const type of ['js', 'json', 'wxml', 'wxss'])
        t.ok(existsSync(`${component.pathname}.${type}`))
    }
  }
})

t.test('the project opens with a placeholder, and its newer syntax is compiled', async (t) => {
  const project = json('project.config.json')
  t.match(project, {
    appid: 'touristappid',
    compileType: 'miniprogram',
    setting: { es6: true, enhance: true, urlCheck: true },
  })
  for (const { value } of project.packOptions.ignore)
    t.ok(existsSync(new URL(value, miniprogram)), value)
  t.same(json('sitemap.json').rules, [{ action: 'disallow', page: '*' }], 'nothing to be searched')
})

t.test('the login page keeps to the renderer that it is written for', async (t) => {
  t.equal(json('pages/login/login.json').renderer, 'webview', 'Skyline lays out otherwise')
})

t.test('what app.json refers to is there', async (t) => {
  const app = json('app.json')
  t.ok(existsSync(new URL(app.sitemapLocation, miniprogram)))
  const theme = json(app.themeLocation)
  const used = Object.values<string>(app.window).filter((value) => value.startsWith('@'))
  for (const name of used) {
    for (const mode of ['light', 'dark'])
      t.type(theme[mode][name.slice(1)], 'string', `${mode} ${name}`)
  }
})

t.test('the folder keeps to what old phones and the developer tool understand', async (t) => {
  const files = readdirSync(miniprogram, { recursive: true, encoding: 'utf8' })
  const scripts = files.filter((file) => file.endsWith('.js'))
  t.ok(scripts.length > 8)
  for (const file of scripts) {
    t.notMatch(read(file).replace(/\/\*[\s\S]*?\*\//g, ''), /\?\.|\?\?|^(im|ex)port /m, file)
  }
})

t.test('every word is there in both languages', async (t) => {
  const { en, zh, wordsOf } = load('./components/scene-pass-confirm/words.js')
  const flat = (words: Json, name = ''): [string, string][] =>
    typeof words === 'string'
      ? [[name, words]]
      : Object.entries(words).flatMap(([key, value]) => flat(value, `${name}.${key}`))
  const chinese = new Map(flat(zh))
  t.same(
    [...chinese.keys()],
    flat(en).map(([name]) => name),
  )
  for (const [name, text] of flat(en)) {
    const twin = chinese.get(name) ?? ''
    t.match(twin, /[\u4e00-\u9fff]/, name)
    t.notMatch(text, /[\u4e00-\u9fff]/, name)
    const values = (words: string) => words.match(/\{\w+\}/g)?.sort()
    t.same(values(twin), values(text), name)
  }
  t.same(['zh_CN', 'zh_TW', 'zh', 'en', 'ja'].map(wordsOf), [zh, zh, zh, en, en])
})

t.test('every answer of the service that a phone can get has words of its own', async (t) => {
  const flow = read('components/scene-pass-confirm/flow.js')
  const mapped = [...flow.matchAll(/^ {2}([A-Z_]+): '(\w+)',$/gm)].map(([, code, problem]) => ({
    code,
    problem,
  }))
  const { en } = load('./components/scene-pass-confirm/words.js')
  for (const { code = '', problem = '' } of mapped) {
    t.ok(code in catalogue, code)
    t.ok(problem in en.problems, problem)
  }
  // What is left is nothing that the person could do anything about.
  t.same(
    Object.keys(catalogue).filter((code) => !mapped.some((entry) => entry.code === code)),
    [
      'INVALID_REQUEST',
      'LOGIN_CODE_INVALID',
      'LOGIN_CODE_USED',
      'BAD_SECRET',
      'PUSH_REFUSED',
      'ORIGIN_NOT_ALLOWED',
      'NOT_FOUND',
      'METHOD_NOT_ALLOWED',
      'SCENE_TAKEN',
      'BODY_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
      'SLOW_DOWN',
      'INTERNAL',
      'WECHAT_ERROR',
      'WECHAT_MISCONFIGURED',
    ],
  )
})
