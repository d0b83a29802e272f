import t from 'tap'
import { checkPage } from '../../src/doctor/page.ts'
import { drawCode } from '../../src/wechat/draw-code.ts'
import type { MiniProgramSettings } from '../../src/wechat/errcodes/entry.ts'
import { refusalError } from '../../src/wechat/errcodes/lookup.ts'
import { WechatRefusal } from '../../src/wechat/failures.ts'

const settings: MiniProgramSettings = {
  appid: 'wx0123456789abcdef',
  page: 'pages/login/login',
  envVersion: 'release',
  checkPath: true,
  codeWidth: 430,
}
const bytes = await drawCode('x', 280)

/**
 * A WeChat that makes codes for these and misses the page for others. A real one is asked in the same
 * way in test/doctor/examine/wechat.ts.
 */
function check(has: string[], changed: Partial<MiniProgramSettings> = {}, errcode = 41030) {
  const all = { ...settings, ...changed }
  return checkPage(all, async ({ envVersion, checkPath }) => {
    if (has.includes(`${envVersion} ${checkPath}`)) return { contentType: 'image/png', bytes }
    const refusal = new WechatRefusal(errcode, 'said rid: 1-2-3')
    throw refusalError('getwxacodeunlimit', refusal, all)
  })
}

t.test('published and looked up: in order', async (t) => {
  t.match(await check(['release true']), {
    status: 'ok',
    says: { en: /page "pages\/login\/login", .* \(280 × 280 px, image\/png\)/ },
    fix: null,
  })
})

t.test('a page that is missing: which version would do', async (t) => {
  t.match(await check(['trial false', 'develop false']), {
    status: 'failed',
    says: {
      en: /errcode 41030.*with: WECHAT_ENV_VERSION=trial WECHAT_CHECK_PATH=false; WECHAT_ENV_VERSION=develop WECHAT_CHECK_PATH=false\./,
      zh: /errcode 41030.*可以生成小程序码：WECHAT_ENV_VERSION=trial/,
    },
    fix: { en: /版本管理/ },
  })
  t.match(await check(['release true'], { envVersion: 'trial' }), {
    status: 'failed',
    says: { en: /with: WECHAT_ENV_VERSION=release WECHAT_CHECK_PATH=true\./ },
  })
  t.match(await check([]), { status: 'failed', says: { en: /Neither release nor trial/ } })
})

t.test('another refusal is not about versions', async (t) => {
  const { status, says } = await check([], {}, 45009)
  t.equal(status, 'failed')
  t.equal(says.en, 'There is no code: WeChat answers errcode 45009 (said rid: 1-2-3).')
})

t.test('a version that only a few can open is worth a word', async (t) => {
  const trial = { envVersion: 'trial', checkPath: false } as const
  t.match(await check(['trial false'], trial), {
    status: 'warning',
    says: { zh: /只有体验成员能/ },
  })
  const develop = { envVersion: 'develop', checkPath: false } as const
  t.match(await check(['develop false'], develop), {
    status: 'warning',
    says: { en: /developers/ },
  })
})

t.test('where WeChat is told not to look, we do', async (t) => {
  const blind = { checkPath: false }
  t.match(await check(['release false', 'release true'], blind), {
    status: 'warning',
    fix: { en: /Set WECHAT_CHECK_PATH=true/ },
  })
  t.match(await check(['release false'], blind), {
    status: 'failed',
    says: { en: /published version has no page .* sees an error/ },
  })
  t.match(await check(['release false'], blind, 45011), {
    status: 'failed',
    says: { en: /errcode 45011/ },
  })
})
