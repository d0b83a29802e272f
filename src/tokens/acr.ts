/** How sure a login is, as apps are told it (`acr` of OpenID Connect). */
export const ACR = {
  /** The person has scanned a code and confirmed on the phone. */
  scan: 'urn:scenepass:acr:wechat-scan',
  /** And has picked, of three codes on the phone, the one on the other screen: `MATCH_CODE=choose`. */
  match: 'urn:scenepass:acr:wechat-scan-match',
} as const

export type Acr = (typeof ACR)[keyof typeof ACR]
