/** What this WeChat is asked for. Each call has a time limit, in ms. */
const { serviceUrl } = require('./settings.js')

const TIMEOUT_MS = 20000

/** The first that has all that is used here: `wx.getEnterOptionsSync`, and time limits of requests. */
const OLDEST_LIBRARY = [2, 10, 2]

/** @returns {Promise<string>} a new login code, good once and for 5 minutes */
const login = () =>
  new Promise((resolve, reject) => {
    wx.login({ timeout: TIMEOUT_MS, success: ({ code }) => resolve(code), fail: reject })
  })

/**
 * @param {string} path
 * @param {object} body
 * @returns {Promise<{ status: number, body: unknown }>}
 */
const post = (path, body) =>
  new Promise((resolve, reject) => {
    wx.request({
      url: serviceUrl + path,
      method: 'POST',
      data: body,
      timeout: TIMEOUT_MS,
      success: (answer) => resolve({ status: answer.statusCode, body: answer.data }),
      fail: reject,
    })
  })

/** @returns {{ language: string, SDKVersion: string, fontSizeSetting?: number }} */
const appInfo = () =>
  typeof wx.getAppBaseInfo === 'function' ? wx.getAppBaseInfo() : wx.getSystemInfoSync()

function isTooOld() {
  if (typeof wx.getEnterOptionsSync !== 'function') return true
  const version = appInfo().SDKVersion.split('.').map(Number)
  const at = OLDEST_LIBRARY.findIndex((part, index) => version[index] !== part)
  return at >= 0 && (version[at] || 0) < (OLDEST_LIBRARY[at] || 0)
}

/**
 * WeChat's number of how it opened the mini program: 1047 for a code that was scanned.
 *
 * @returns {number | undefined} undefined where it is none
 */
function enteredBy() {
  const { scene } = wx.getEnterOptionsSync()
  return Number.isInteger(scene) && scene >= 0 && scene <= 99999 ? scene : undefined
}

/**
 * @param {{ scene?: string }} options of a page, or the query of the enter options
 * @returns {string} empty where there is none
 */
function sceneOf({ scene = '' }) {
  try {
    return decodeURIComponent(scene)
  } catch (error) {
    // Not percent-encoded: no scene of a ticket, which the flow tells the person.
    if (error instanceof URIError) return scene
    throw error
  }
}

let entered = ''

/**
 * The scene that WeChat has brought to this page since the last call: a mini program that is still
 * running does not always load its page anew. WeChat names the same scene at every show.
 *
 * @returns {string} empty where there is no new one
 */
function newlyEntered() {
  const { path, query } = wx.getEnterOptionsSync()
  const page = getCurrentPages().pop()
  if (!page || page.route !== path) return ''
  const scene = sceneOf(query)
  if (scene === entered) return ''
  entered = scene
  return scene
}

module.exports = { login, post, appInfo, isTooOld, enteredBy, sceneOf, newlyEntered }
