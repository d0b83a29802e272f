/** What the protocol library offers. */
export type Library = typeof import('oidc-provider')

/**
 * The protocol library costs 200 ms and 30 MB, so a service without OpenID Connect never loads it. On a
 * version of Node that it does not test on it says so once, in one line on stderr.
 */
export const loadLibrary = (): Promise<Library> => import('oidc-provider')
