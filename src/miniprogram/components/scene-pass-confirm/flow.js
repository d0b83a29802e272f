/**
 * What happens between the scan and the decision: which calls are made in which order, and what the
 * person sees of it. It knows nothing of WeChat: the sandbox's phone page runs this very file.
 */

/**
 * @typedef {object} Scan what `POST /ticket/:scene/scan` answers
 * @property {string} scene
 * @property {number} expires_in seconds
 * @property {string} site
 * @property {{ user_code: string }} [device] absent where a browser asks
 * @property {{ ip: string | null, browser: string | null, os: string | null, at: string | null,
 *   country?: string | null }} requested_by
 * @property {{ mode: string, code?: string, choices?: string[] }} match
 * @property {{ kind: string, [detail: string]: unknown }[]} [notices]
 */
/**
 * @typedef {object} Login what `POST /login` answers
 * @property {{ id: string, created: boolean }} user
 * @property {string} token the mini program's own, never the website's
 * @property {string} token_type
 * @property {number} token_expires_in seconds
 */
/** @typedef {keyof import('./words.js').Words['problems']} Problem */
/**
 * @typedef {object} State everything on the screen follows from it
 * @property {'howto' | 'old' | 'loading' | 'ask' | 'confirmed' | 'denied' | 'failed'} screen
 * @property {string} scene empty before the first
 * @property {boolean} busy a call is on its way
 * @property {'confirm' | 'decline' | 'retry' | null} pressed the button that has made this call
 * @property {Scan | null} scan
 * @property {string | null} choice the number, or user code, that the person has tapped
 * @property {number} deadline ms since 1970, in this phone's clock
 * @property {Problem} problem
 * @property {string} code the service's own word for it
 */
/**
 * @typedef {object} Deps
 * @property {() => Promise<string>} login a new login code; rejects where there is none
 * @property {(path: string, body: object) => Promise<{ status: number, body: unknown }>} post sends
 *   JSON; rejects where no answer came
 * @property {() => number | undefined} enteredBy WeChat's number of how the mini program was opened;
 *   undefined where there is none
 * @property {(state: State) => void} show called with every change
 * @property {(login: Login) => void} onLogin
 */

/** @type {Record<string, Problem | undefined>} */
const problems = {
  TICKET_NOT_FOUND: 'expired',
  TICKET_EXPIRED: 'expired',
  TICKET_DENIED: 'declined',
  TICKET_CANCELED: 'canceled',
  TICKET_CONSUMED: 'used',
  ALREADY_CONFIRMED: 'used',
  SCANNED_BY_ANOTHER: 'taken',
  MATCH_CODE_WRONG: 'wrong',
  WECHAT_USER_BLOCKED: 'blocked',
  WECHAT_USER_RATE_LIMITED: 'busy',
  RATE_LIMITED: 'busy',
  WECHAT_BUSY: 'busy',
  WECHAT_TIMEOUT: 'busy',
  DATABASE_UNAVAILABLE: 'busy',
  SHUTTING_DOWN: 'busy',
  OVERLOADED: 'busy',
}

/** A ticket's scene. Codes for other purposes have scenes of other shapes. */
const SCENE = /^[A-Za-z0-9_-]{22,32}$/

/** Problems after which the same ticket is worth another try. */
const PASSING = ['busy', 'offline', 'trouble']

/** @param {State} state */
const canRetry = (state) => state.screen === 'failed' && PASSING.indexOf(state.problem) >= 0

/** @type {State} */
const beginning = {
  screen: 'howto',
  scene: '',
  busy: false,
  pressed: null,
  scan: null,
  choice: null,
  deadline: 0,
  problem: 'trouble',
  code: '',
}

/** @param {Deps} deps */
function createFlow({ login, post, enteredBy, show, onLogin }) {
  let state = beginning
  // Counts scenes: an answer about an earlier one changes nothing.
  let turn = 0
  let again = () => Promise.resolve()

  /** @param {Partial<State>} change */
  function become(change) {
    state = Object.assign({}, state, change)
    show(state)
  }

  /**
   * A login code is good for one call, so each call gets one of its own, right before it. While one
   * is on its way nothing else begins: two taps are one.
   *
   * @param {string} path
   * @param {object} body
   * @param {(answer: any) => Partial<State>} next
   * @param {State['pressed']} pressed
   */
  async function call(path, body, next, pressed = null) {
    if (state.busy) return
    const { scene } = state
    const mine = turn
    again = () => call(path, body, next, 'retry')
    become({ busy: true, pressed })
    /** @type {Partial<State>} */
    let change
    try {
      const code = await login()
      if (mine !== turn) return
      const answer = await post(path, Object.assign({ code }, body))
      change = isOurs(answer, scene) ? next(answer.body) : refusal(answer)
    } catch (error) {
      console.warn(error)
      change = failed('offline')
    }
    if (mine === turn) become(Object.assign({ busy: false, pressed: null }, change))
  }

  const flow = {
    /**
     * Begins with a scene. The same one again changes nothing: WeChat repeats it whenever the page
     * comes back to the front. Another one takes its place.
     *
     * @param {string} scene empty where the mini program was opened without one
     */
    async open(scene) {
      if (state.screen === 'old') return
      if (scene === '' && state.scene === '') become({})
      if (scene === '' || scene === state.scene) return
      turn += 1
      become(Object.assign({}, beginning, { screen: 'loading', scene }))
      if (!SCENE.test(scene)) return become(failed('unknown'))
      const by = enteredBy()
      const body = by === undefined ? {} : { entered_by: by }
      await call(`/ticket/${encodeURIComponent(scene)}/scan`, body, (scan) => ({
        screen: 'ask',
        scan,
        deadline: Date.now() + scan.expires_in * 1000,
      }))
    },

    /** @param {string} number */
    choose(number) {
      if (state.screen === 'ask' && !state.busy) become({ choice: number })
    },

    async confirm() {
      const { scene, choice } = state
      if (!canConfirm(state)) return
      await call(
        '/login',
        choice === null ? { scene } : { scene, match_code: choice },
        (answer) => {
          onLogin(answer)
          return { screen: 'confirmed' }
        },
        'confirm',
      )
    },

    async decline() {
      if (state.screen !== 'ask') return
      const path = `/ticket/${encodeURIComponent(state.scene)}/deny`
      await call(path, {}, () => ({ screen: 'denied' }), 'decline')
    },

    /** Makes the call that failed once more, with a new login code. */
    async retry() {
      if (canRetry(state)) await again()
    },

    /** To be called every second while the question is on the screen. */
    tick() {
      if (state.screen !== 'ask' || state.busy) return
      become(Date.now() < state.deadline ? {} : failed('expired'))
    },

    /** For a WeChat that cannot say which code was scanned. */
    tooOld() {
      become({ screen: 'old' })
    },

    /** Nothing is shown from here on. */
    close() {
      turn += 1
    },
  }
  return flow
}

/** @param {State} state */
const canConfirm = ({ screen, scan, choice }) =>
  screen === 'ask' && scan !== null && (scan.match.mode !== 'choose' || choice !== null)

/**
 * Every good answer names its ticket. One that does not comes from something in between, such as a
 * Wi-Fi that answers every call with its own login page.
 *
 * @param {{ status: number, body: any }} answer
 * @param {string} scene
 */
const isOurs = ({ status, body }, scene) => status === 200 && Boolean(body) && body.scene === scene

/**
 * @param {{ status: number, body: any }} answer
 * @returns {Partial<State>}
 */
function refusal({ status, body }) {
  const code = body ? body.code : undefined
  if (typeof code !== 'string')
    return status === 200 ? failed('offline') : failed('trouble', String(status))
  return failed(problems[code] || 'trouble', code)
}

/**
 * @param {Problem} problem
 * @param {string} [code]
 * @returns {Partial<State>}
 */
const failed = (problem, code = '') => ({ screen: 'failed', problem, code })

module.exports = { createFlow, canConfirm, canRetry }
