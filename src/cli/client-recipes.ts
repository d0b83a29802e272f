/**
 * What to paste into known apps: facts of theirs, not of this code. In the lines, words in double
 * braces are filled in: issuer, id, secret, scopes (as the app separates them), redirect (its first
 * address), random (a new secret of the app's own).
 */
export type Recipe = {
  /** As `--for` takes it. */
  name: string
  title: string
  /** Where the lines go. */
  place: string
  /** The redirect URI that this app has, in upper case what differs. */
  redirect: string
  /** What stands between two scopes. */
  between: string
  lines: readonly string[]
  /** What it does without an address, where it asks for one; with `--email` it is left out. */
  withoutEmail?: readonly string[]
}

export const RECIPES: readonly Recipe[] = [
  {
    name: 'grafana',
    title: 'Grafana',
    place: 'grafana.ini',
    redirect: 'https://GRAFANA/login/generic_oauth',
    between: ' ',
    lines: [
      '[auth.generic_oauth]',
      'enabled = true',
      'name = WeChat',
      'client_id = {{id}}',
      'client_secret = {{secret}}',
      'scopes = {{scopes}}',
      'auth_url = {{issuer}}/oidc/authorize',
      'token_url = {{issuer}}/oidc/token',
      'api_url = {{issuer}}/oidc/userinfo',
      'login_attribute_path = preferred_username',
      'name_attribute_path = name',
      'use_pkce = true',
      'allow_sign_up = true',
    ],
    withoutEmail: ['email_attribute_path = sub'],
  },
  {
    name: 'gitea',
    title: 'Gitea',
    place: 'a shell on its machine · 在其机器上执行',
    redirect: 'https://GITEA/user/oauth2/scenepass/callback',
    between: ',',
    lines: [
      'gitea admin auth add-oauth --name scenepass --provider openidConnect \\',
      '  --key {{id}} --secret={{secret}} --scopes {{scopes}} \\',
      '  --auto-discover-url {{issuer}}/.well-known/openid-configuration',
    ],
  },
  {
    name: 'spring',
    title: 'Spring Security',
    place: 'application.yml',
    redirect: 'https://APP/login/oauth2/code/scenepass',
    between: ',',
    lines: [
      'spring:',
      '  security:',
      '    oauth2:',
      '      client:',
      '        registration:',
      '          scenepass:',
      '            client-id: "{{id}}"',
      '            client-secret: "{{secret}}"',
      '            scope: {{scopes}}',
      '        provider:',
      '          scenepass:',
      '            issuer-uri: {{issuer}}',
      '            user-name-attribute: sub',
    ],
  },
  {
    name: 'oauth2-proxy',
    title: 'oauth2-proxy',
    place: 'oauth2-proxy.cfg',
    redirect: 'https://APP/oauth2/callback',
    between: ' ',
    lines: [
      'provider = "oidc"',
      'oidc_issuer_url = "{{issuer}}"',
      'client_id = "{{id}}"',
      'client_secret = "{{secret}}"',
      'redirect_url = "{{redirect}}"',
      'scope = "{{scopes}}"',
      'email_domains = ["*"]',
      'oidc_email_claim = "sub"',
      'code_challenge_method = "S256"',
      'cookie_secret = "{{random}}"',
    ],
  },
  {
    name: 'mod_auth_openidc',
    title: 'Apache mod_auth_openidc',
    place: 'the site in Apache · Apache 站点配置',
    redirect: 'https://APP/callback',
    between: ' ',
    lines: [
      'OIDCProviderMetadataURL {{issuer}}/.well-known/openid-configuration',
      'OIDCClientID {{id}}',
      'OIDCClientSecret {{secret}}',
      'OIDCRedirectURI {{redirect}}',
      'OIDCCryptoPassphrase {{random}}',
      'OIDCScope "{{scopes}}"',
      'OIDCPKCEMethod S256',
      'OIDCRemoteUserClaim sub',
    ],
  },
  {
    name: 'authjs',
    title: 'Auth.js (NextAuth)',
    place: 'auth.ts, in providers',
    redirect: 'https://APP/api/auth/callback/scenepass',
    between: ' ',
    lines: [
      '{',
      "  id: 'scenepass',",
      "  name: 'WeChat',",
      "  type: 'oidc',",
      "  issuer: '{{issuer}}',",
      "  clientId: '{{id}}',",
      "  clientSecret: '{{secret}}',",
      "  authorization: { params: { scope: '{{scopes}}' } },",
      '},',
    ],
  },
  {
    name: 'casdoor',
    title: 'Casdoor',
    place: 'a new provider, category OAuth, type Custom · 新建提供商，分类 OAuth，类型 Custom',
    redirect: 'https://CASDOOR/callback',
    between: ' ',
    lines: [
      'Client ID      {{id}}',
      'Client secret  {{secret}}',
      'Auth URL       {{issuer}}/oidc/authorize',
      'Token URL      {{issuer}}/oidc/token',
      'UserInfo URL   {{issuer}}/oidc/userinfo',
      'Scope          {{scopes}}',
      'User mapping   id: sub, username: preferred_username, displayName: name',
    ],
  },
  {
    name: 'keycloak',
    title: 'Keycloak',
    place: 'Identity providers → OpenID Connect v1.0',
    redirect: 'https://KEYCLOAK/realms/REALM/broker/scenepass/endpoint',
    between: ' ',
    lines: [
      'Alias                  scenepass',
      'Discovery endpoint     {{issuer}}/.well-known/openid-configuration',
      'Client authentication  Client secret sent as basic auth',
      'Client ID              {{id}}',
      'Client secret          {{secret}}',
      'Scopes                 {{scopes}}',
      'Use PKCE               On, S256',
      'Trust Email            Off',
    ],
  },
]
