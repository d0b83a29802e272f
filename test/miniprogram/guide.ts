import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { transformSync } from 'esbuild'
import t from 'tap'
import { startInstance } from '../fixtures/instance.ts'
import { call, type Json } from '../fixtures/network/client.ts'
import { blockWith, guide, guideFile, languages, run } from '../fixtures/readme.ts'
import { root } from '../fixtures/root.ts'

/** The mini program's code in the guide, run as a reader would. */

const { url, loginCode } = await startInstance(t)

for (const language of languages) {
  const file = guideFile('mini-program', language)
  const text = guide('mini-program', language)

  t.test(`the app of ${file} keeps its own login`, async (t) => {
    const stored = new Map<string, unknown>()
    const wx = {
      login: async ({ success }: Json) => success({ code: await loginCode('carol') }),
      request: async ({ url: asked, data, success }: Json) => {
        const { status, body } = await call(url + new URL(asked).pathname, { json: data })
        success({ statusCode: status, data: body })
      },
      setStorageSync: (key: string, value: unknown) => void stored.set(key, value),
      getStorageSync: (key: string) => stored.get(key) ?? '',
    }
    Object.assign(globalThis, { wx })
    let app: Json
    run(blockWith(text, 'App({'), {
      require: createRequire(new URL('src/miniprogram/app.js', root)),
      App: (definition: Json) => (app = definition),
    })
    const told: Json[] = []
    const { onLogin } = app
    app.onLogin = (login: Json) => (told.push(login), onLogin.call(app, login))
    await app.signIn()
    await app.signIn()
    t.match(told[0], { user: { id: /^[0-9a-f-]{36}$/ }, token: String })
    t.same(told[1], told[0], 'the kept one')
    t.same(app.user, told[0].user)
  })

  t.test(`the Taro page of ${file} fits the component`, async (t) => {
    const jsx = blockWith(text, '@tarojs/taro').replace(/^import .*$/m, '')
    const { code } = transformSync(jsx.replace('export default', 'return'), {
      loader: 'jsx',
      jsxFactory: 'h',
      format: 'cjs',
    })
    const said: unknown[] = []
    const params = { scene: 'x' }
    const Login = run(code, {
      useRouter: () => ({ params }),
      h: (tag: string, props: Json) => ({ tag, props }),
      console: { info: (...words: unknown[]) => said.push(words.at(-1)) },
    }) as unknown as () => Json
    const { tag, props } = Login()
    const component = new URL('src/miniprogram/pages/login/login.json', root)
    const { usingComponents } = JSON.parse(readFileSync(component, 'utf8'))
    t.ok(text.includes(`'${tag}': '${usingComponents[tag]}'`), 'as it is named there')
    t.equal(props.options, params)
    props.onLogin({ detail: { user: { id: '1' } } })
    t.same(said, ['1'])
  })
}
