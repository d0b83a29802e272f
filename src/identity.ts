/** Who a login code stands for: the openid is one mini program's name for a WeChat user. */
export type Identity = { appid: string; openid: string }

/** Who WeChat says it is. The unionid is the same in all accounts of one owner; null where unknown. */
export type Person = Identity & { unionid: string | null }

export const sameIdentity = (a: Identity, b: Identity): boolean =>
  a.appid === b.appid && a.openid === b.openid
