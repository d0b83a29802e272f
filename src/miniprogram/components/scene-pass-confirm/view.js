/** What is on the screen, as plain data in the order in which it is read. */
const { canConfirm, canRetry } = require('./flow.js')
const { forDevice } = require('./words.js')

/** @typedef {import('./flow.js').State} State */
/** @typedef {import('./words.js').Words} Words */
/**
 * @typedef {{ name: 'decline' | 'confirm' | 'retry', text: string, off: boolean, waits: boolean }} Action
 *   `waits` for the answer to its own tap
 */
/**
 * @typedef {object} View
 * @property {string} mark of the title: `good`, `bad` or nothing
 * @property {string} title
 * @property {string} text empty where there is nothing to add
 * @property {string} facts who is asking, in one line
 * @property {{ text: string, grave: boolean }[]} notices what is unusual about it
 * @property {string} compare what to do with the number
 * @property {string} code the number to compare, in mode `show`; a device's user code
 * @property {string[]} digits of that number, a tile each; none of a user code
 * @property {{ number: string, chosen: boolean }[]} choices the numbers to choose from, in mode `choose`
 * @property {boolean} long they are user codes, which need more room
 * @property {string} warning
 * @property {string} left
 * @property {Action[]} actions two of them are equals
 * @property {boolean} busy
 * @property {boolean} waits nothing else is on the screen yet
 * @property {string} done the way out, once there is nothing more to decide; empty before
 */

/** @type {View} */
const empty = {
  mark: '',
  title: '',
  text: '',
  facts: '',
  notices: [],
  compare: '',
  code: '',
  digits: [],
  choices: [],
  long: false,
  warning: '',
  left: '',
  actions: [],
  busy: false,
  waits: false,
  done: '',
}

/**
 * @param {State} state
 * @param {Words} everyWord
 * @returns {View}
 */
function viewOf(state, everyWord) {
  const { screen, busy, scan } = state
  const words = scan && scan.device ? forDevice(everyWord) : everyWord
  const more = () => {
    if (screen === 'ask') return question(state, words)
    if (screen === 'failed') return failure(state, words)
    if (screen === 'confirmed') {
      return { mark: 'good', title: words.confirmed, text: words.confirmedNext, done: words.done }
    }
    if (screen === 'denied') {
      return { mark: 'bad', title: words.denied, text: words.deniedNext, done: words.done }
    }
    if (screen === 'old') return { mark: 'bad', title: words.old, text: words.oldNext }
    if (screen === 'loading') return { title: words.loading, waits: true }
    return { title: words.howto, text: words.howtoNext }
  }
  return Object.assign({}, empty, { busy }, more())
}

/**
 * @param {State} state
 * @param {Words} words
 * @returns {Partial<View>}
 */
function failure(state, words) {
  const [title = '', text = ''] = words.problems[state.problem]
  const retry = action('retry', words.retry, words.busy, state)
  return {
    mark: 'bad',
    title,
    text: fill(text, { code: state.code }),
    actions: canRetry(state) ? [retry] : [],
    // The wrong number was a decision, too.
    done: state.problem === 'wrong' ? words.done : '',
  }
}

/**
 * @param {State} state
 * @param {Words} words
 * @returns {Partial<View>}
 */
function question(state, words) {
  const { scan, choice, deadline } = state
  if (!scan) return {}
  const { site, device, requested_by: by, match, notices } = scan
  const code = match.code || ''
  return {
    title: fill(words.ask, { site }),
    facts: factsOf(by, Boolean(device), words),
    notices: (notices || [])
      .map((notice) => noticeOf(notice, words))
      .filter(({ text }) => text !== ''),
    compare: { show: words.compare, choose: words.choose, off: '' }[match.mode] || '',
    code,
    digits: device ? [] : code.split(''),
    choices: (match.choices || []).map((number) => ({ number, chosen: number === choice })),
    long: Boolean(device),
    warning: words.warning,
    left: fill(words.left, { time: minutes(deadline - Date.now()) }),
    actions: [
      action('decline', words.decline, words.declining, state),
      action('confirm', words.confirm, words.confirming, state, !canConfirm(state)),
    ],
  }
}

/**
 * Who is asking: what is not known is named, but for a device's browser, as a device has none, and the
 * country, which most services do not know.
 *
 * @param {NonNullable<State['scan']>['requested_by']} by
 * @param {boolean} device
 * @param {Words} words
 */
function factsOf(by, device, words) {
  const { browser, os, ip, country, at } = by
  const known = (/** @type {string | null} */ value, /** @type {string} */ name) =>
    value || fill(words.unknown, { name })
  return [
    device && !browser ? '' : known(browser, words.browser),
    known(os, words.system),
    known(ip, words.address) + (country ? ` (${country})` : ''),
    known(at && localTime(new Date(at)), words.time),
  ]
    .filter(Boolean)
    .join(' · ')
}

/**
 * @param {Action['name']} name
 * @param {string} text
 * @param {string} waiting what it says in the place of the text until the answer has come
 * @param {State} state
 * @param {boolean} [off]
 * @returns {Action}
 */
function action(name, text, waiting, { busy, pressed }, off = false) {
  const waits = busy && pressed === name
  return { name, text: waits ? waiting : text, off: busy || off, waits }
}

/** Notices that an honest sign-in hardly ever has. */
const GRAVE = [
  'opened_by_link',
  'opened_by_card',
  'opened_by_mini_program',
  'opened_without_code',
  'other_country',
  'many_tickets',
]

/**
 * @param {{ kind: string, [detail: string]: unknown }} notice of a kind that this version may not know
 * @param {Words} words
 */
function noticeOf(notice, words) {
  /** @type {Record<string, string>} */
  const notices = words.notices
  return {
    text: fill(notices[notice.kind] || '', notice),
    grave: GRAVE.indexOf(notice.kind) >= 0,
  }
}

/**
 * @param {string} text with `{name}` where a value goes
 * @param {Record<string, unknown>} values
 */
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]))

/** @param {number} number */
const two = (number) => `0${number}`.slice(-2)

/**
 * The time of day; with the date only where that is another one.
 *
 * @param {Date} date
 */
function localTime(date) {
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`
  if (date.toDateString() === new Date().toDateString()) return time
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}`
}

/** @param {number} ms */
function minutes(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`
}

module.exports = { viewOf }
