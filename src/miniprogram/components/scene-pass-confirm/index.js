const { createFlow } = require('./flow.js')
const { keepLogin } = require('./own-login.js')
const { viewOf } = require('./view.js')
const { appInfo, enteredBy, isTooOld, login, newlyEntered, post, sceneOf } = require('./wechat.js')
const { wordsOf } = require('./words.js')

/**
 * What a component has beside its data.
 *
 * @typedef {{ flow?: ReturnType<typeof createFlow>, timer?: number }} Own
 */
/** @type {(component: unknown) => Own} */
const own = (component) => /** @type {Own} */ (component)

/** Shows who wants to sign in, and confirms or declines. */
Component({
  properties: {
    /** The options of the page's `onLoad`. */
    options: { type: Object, value: {} },
  },

  data: { view: {}, fontSize: 17 },

  observers: {
    options(options) {
      const { flow } = own(this)
      if (flow) void flow.open(sceneOf(options))
    },
  },

  lifetimes: {
    ready() {
      const { language, fontSizeSetting } = appInfo()
      const words = wordsOf(language)
      if (fontSizeSetting) this.setData({ fontSize: fontSizeSetting })
      const flow = createFlow({
        login,
        post,
        enteredBy,
        show: (state) => {
          this.setData({ view: viewOf(state, words) })
          this.count(state.screen === 'ask')
        },
        onLogin: (answer) => {
          this.triggerEvent('login', keepLogin(answer))
        },
      })
      own(this).flow = flow
      if (isTooOld()) flow.tooOld()
      else void flow.open(newlyEntered() || sceneOf(this.data.options))
    },

    detached() {
      const { flow } = own(this)
      if (flow) flow.close()
      this.count(false)
    },
  },

  pageLifetimes: {
    show() {
      const { flow } = own(this)
      if (!flow) return
      flow.tick()
      if (!isTooOld()) void flow.open(newlyEntered())
    },
  },

  methods: {
    /** @param {{ currentTarget: { dataset: { name: 'confirm' | 'decline' | 'retry' } } }} event */
    act({ currentTarget }) {
      const { flow } = own(this)
      if (flow) void flow[currentTarget.dataset.name]()
    },

    /** @param {{ currentTarget: { dataset: { number: string } } }} event */
    choose({ currentTarget }) {
      const { flow } = own(this)
      if (flow) flow.choose(currentTarget.dataset.number)
    },

    /** @param {boolean} on whether the time that is left is on the screen */
    count(on) {
      const mine = own(this)
      const { flow } = mine
      if (on && flow && mine.timer === undefined) mine.timer = setInterval(flow.tick, 1000)
      if (on || mine.timer === undefined) return
      clearInterval(mine.timer)
      mine.timer = undefined
    },
  },
})
