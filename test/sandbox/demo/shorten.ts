import t from 'tap'
import { presentable, shorten } from '../../../src/sandbox/demo/shorten.ts'

const SECRET = 'V1StGXR8_Z5jdHi6B-myTkV1StGXR8_Z5jdHi6B-myTk'

t.test('only the beginning of a secret is shown', async (t) => {
  t.equal(shorten(SECRET), 'V1StGXR8_Z…')
  t.equal(shorten('short'), 'short')
})

t.test('secrets, tokens and login codes are short wherever they stand', async (t) => {
  const shown = presentable(
    JSON.stringify({
      secret: SECRET,
      token: SECRET,
      code: SECRET,
      scene: 'stays_whole_in_the_log_1',
      deep: [{ session_key: SECRET, token: SECRET }],
    }),
  )
  t.notMatch(shown, SECRET.slice(0, 11))
  t.equal(shown.match(/V1StGXR8_Z…/g)?.length, 5)
  t.match(shown, 'stays_whole_in_the_log_1')
})

t.test('what else is called a code stays readable', async (t) => {
  t.match(presentable('{"code":"WECHAT_USER_RATE_LIMITED"}'), 'WECHAT_USER_RATE_LIMITED')
  t.match(presentable('{"match":{"mode":"show","code":"47"}}'), '"code": "47"')
})

t.test('what is no JSON is not shown', async (t) => {
  t.equal(presentable(''), '')
  t.equal(presentable(`token=${SECRET}`), '…')
})

t.test('of an image in an answer the beginning is shown', async (t) => {
  const image = `data:image/png;base64,iVBORw0KGgo${'A'.repeat(9_000)}`
  const shown = presentable(JSON.stringify({ qrcode: image, qrcode_url: '/ticket/x/qrcode' }))
  t.match(shown, '"qrcode": "data:image/png;base64,iVBORw0KGg…"')
  t.match(shown, '/ticket/x/qrcode')
})
