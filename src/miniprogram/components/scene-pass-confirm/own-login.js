/** The login of the mini program itself: who holds this phone, with a token for your own server. */
const { login, post } = require('./wechat.js')

const KEY = 'scene-pass-login'

/** @typedef {import('./flow.js').Login} Login */
/**
 * @typedef {object} OwnLogin
 * @property {{ id: string }} user
 * @property {string} token its `aud` is `TOKEN_AUDIENCE_MINIPROGRAM`
 * @property {number} expires ms since 1970, in this phone's clock
 */

/**
 * @param {Login} answer
 * @returns {OwnLogin}
 */
function keepLogin({ user, token, token_expires_in: seconds }) {
  const own = { user: { id: user.id }, token, expires: Date.now() + seconds * 1000 }
  wx.setStorageSync(KEY, own)
  return own
}

/** @returns {OwnLogin | null} null where there is none, or no longer */
function keptLogin() {
  const own = wx.getStorageSync(KEY)
  return own && Date.now() < own.expires ? own : null
}

/**
 * Signs in to the mini program itself, without any code to scan.
 *
 * @returns {Promise<OwnLogin>} rejects where WeChat or the service refuses or does not answer
 */
async function ownLogin() {
  const { status, body } = await post('/login', { code: await login() })
  if (status === 200) return keepLogin(/** @type {Login} */ (body))
  throw Object.assign(new Error(`POST /login: ${status}`), { body })
}

module.exports = { keepLogin, keptLogin, ownLogin }
