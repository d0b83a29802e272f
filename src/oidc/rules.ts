/** Settings `OIDC_…`. */
export type OidcRules = {
  /** For how long a browser is remembered, so that it need not scan again; 0: not at all. */
  ssoMinutes: number
  /** The domain of the placeholder addresses that some clients get; null: there are none. */
  emailDomain: string | null
}
