/** The scopes that mean something here; others that a client asks for are passed over. */
export const SCOPES = ['openid', 'offline_access', 'profile', 'wechat', 'email'] as const
