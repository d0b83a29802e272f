/** This mini program consists of a login page alone: copy `pages/login` into yours. */
App({
  /**
   * Called with every login of the person who holds this phone.
   *
   * @param {import('./components/scene-pass-confirm/own-login.js').OwnLogin} login
   */
  onLogin(login) {
    console.info('signed in as', login.user.id)
  },
})
