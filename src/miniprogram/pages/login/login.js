/** The page that the code opens, named in `WECHAT_PAGE`. It only hosts the component. */
Page({
  data: { options: {} },

  /** @param {Record<string, string | undefined>} options where `scene` is, still percent-encoded */
  onLoad(options) {
    this.setData({ options })
  },

  /** @param {{ detail: unknown }} event the login of the mini program itself */
  onLogin({ detail }) {
    const app = getApp()
    if (typeof app.onLogin === 'function') app.onLogin(detail)
  },
})
