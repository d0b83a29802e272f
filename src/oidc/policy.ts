import type { interactionPolicy, KoaContextWithOIDC } from 'oidc-provider'
import { wantedAcrs } from './acr.ts'
import type { Library } from './library.ts'

/**
 * When a person must scan. Their consent is the phone's screen, which names the app, so there is no
 * other question.
 *
 * @param options.remembers whether a browser is remembered, so that it need not scan again
 * @param options.acrs what this service can vouch for
 */
export function policyOf(
  { interactionPolicy, errors }: Library,
  { remembers, acrs }: { remembers: boolean; acrs: readonly string[] },
): interactionPolicy.Prompt[] {
  const { base, Prompt, Check } = interactionPolicy
  const policy = base()
  const login = policy.get('login') as interactionPolicy.Prompt
  if (!remembers) {
    login.checks.add(
      new Check('no_single_sign_on', 'every sign-in asks for a scan', ({ oidc }) => {
        return !oidc.result?.login
      }),
    )
  }
  // The library's own would ask for a scan again and again where none can help.
  login.checks.remove('essential_acrs')
  login.checks.remove('essential_acr')
  login.checks.add(
    new Check('essential_acr', 'a stronger sign-in is asked for', (ctx) => {
      const wanted = essentialAcrs(ctx)
      if (wanted.length === 0 || wanted.includes(ctx.oidc.acr ?? '')) return false
      if (!wanted.some((acr) => acrs.includes(acr)) || ctx.oidc.result?.login) {
        throw new errors.UnmetAuthenticationRequirements(
          'none of the requested acr values can be had',
        )
      }
      return true
    }),
  )
  policy.add(new Prompt({ name: 'select_account', requestable: true }), 0)
  return policy
}

function essentialAcrs({ oidc }: KoaContextWithOIDC): string[] {
  const acr = oidc.claims.id_token?.['acr']
  return acr?.essential === true ? wantedAcrs(acr) : []
}
