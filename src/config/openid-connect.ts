import type { Words } from '../language.ts'
import type { OidcRules } from '../oidc/rules.ts'
import type { Settings } from './settings.ts'

/** @returns null where it is off */
export const openIdConnectIn = (values: Settings): OidcRules | null =>
  values.OIDC === 'on'
    ? { ssoMinutes: values.OIDC_SSO_MINUTES, emailDomain: values.OIDC_EMAIL_DOMAIN ?? null }
    : null

/**
 * Apps know the service by its issuer, for good: it must not depend on a port or a network card. In the
 * sandbox, where all begins anew, it may.
 */
export const problemsOfOpenIdConnect = (
  values: Settings,
  sandbox: boolean,
): (readonly [name: keyof Settings, sentence: Words])[] =>
  values.OIDC === 'on' && values.PUBLIC_URL === undefined && !sandbox
    ? [
        [
          'PUBLIC_URL',
          {
            en: 'PUBLIC_URL is missing: with OIDC=on it is the issuer that apps know the service by, such as https://login.example.com',
            zh: '缺少 PUBLIC_URL：OIDC=on 时它就是各应用所认的签发者（issuer），例如 https://login.example.com',
          },
        ],
      ]
    : []
