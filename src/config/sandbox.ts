/** The sandbox's own mini program: no AppID that WeChat gives out looks like this. */
export const SANDBOX_APPID = 'wx5a4db0c500000000'
export const SANDBOX_SECRET = '5a4db0c5000000000000000000000000'
/** And its own service account. */
export const sandboxOfficialAccount = {
  appid: 'wx5a4db0c50000000a',
  secret: '5a4db0c500000000000000000000000a',
  token: 'ScenePassSandbox',
  aesKey: 'ScenePassSandboxScenePassSandboxScenePassSa',
}
export const SANDBOX_APPIDS: readonly string[] = [SANDBOX_APPID, sandboxOfficialAccount.appid]
export const sandboxAccount = { appid: SANDBOX_APPID, secret: SANDBOX_SECRET }

/**
 * What the client of WeChat has to be told to talk to the sandbox inside a service.
 *
 * @param local where this machine reaches the service, no trailing slash
 */
export const sandboxAccess = (local: string) => ({
  ...sandboxAccount,
  apiBase: `${local}/sandbox/wechat`,
})
