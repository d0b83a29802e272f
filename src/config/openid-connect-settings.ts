import { Type } from 'typebox'

/** Signing in to other apps: OpenID Connect and the device grant. */
export const openIdConnectSettings = {
  OIDC: Type.Union([Type.Literal('off'), Type.Literal('on')], {
    default: 'off',
    description: 'off or on',
  }),
  OIDC_SSO_MINUTES: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 43_200,
    description: 'a whole number of minutes from 0 to 43200 (0 = every sign-in asks for a scan)',
  }),
  OIDC_EMAIL_DOMAIN: Type.Optional(
    Type.String({
      maxLength: 190,
      pattern: '^(?!-)[a-z0-9-]{1,63}(\\.[a-z0-9-]{1,63})+$',
      description: 'the domain of placeholder addresses, such as users.example.com',
    }),
  ),
}
