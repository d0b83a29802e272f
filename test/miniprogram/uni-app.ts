import t from 'tap'
import { buildMiniProgram, uniApp } from '../fixtures/apart/mini-programs.ts'
import { skipWithoutThem } from '../fixtures/apart/packages.ts'
import { testMiniProgram } from '../fixtures/apart/try-mini-program.ts'
import { blockWith, guide } from '../fixtures/readme.ts'

/** The guide's project of uni-app. */

skipWithoutThem(t)
// Its builds take up to half a minute on two busy cores.
t.setTimeout(300_000)
await testMiniProgram(t, uniApp)
const en = guide('mini-program', 'en')

t.test('WeChat’s tool compiles the copied component for old phones', async (t) => {
  const manifest = blockWith(en, ' src/manifest.json').replace(/^\/\/.*$/m, '')
  t.match(JSON.parse(manifest), { 'mp-weixin': { setting: { es6: true, enhance: true } } })
})

t.test('its build says so where own-login.js is imported', async (t) => {
  const { status, said } = await buildMiniProgram(t, uniApp, en, {
    'src/sign-in.js': `import { keptLogin } from './wxcomponents/scene-pass-confirm/own-login.js'
export const signIn = keptLogin`,
  })
  t.not(status, 0)
  t.match(said, '"keptLogin" is not exported by "src/wxcomponents/scene-pass-confirm/own-login.js"')
})
