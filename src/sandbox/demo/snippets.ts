/** A page with the element on it, complete with the address of this service. */
export const pageSnippet = (
  origin: string,
): string => `<script type="module" src="${origin}/widget.js"></script>
<scene-pass></scene-pass>
<script>
  document.addEventListener('login', async (event) => {
    const headers = { authorization: \`Bearer \${event.detail.token}\` }
    // Your own server, which verifies it
    const answer = await fetch('/session', { method: 'POST', headers })
    if (answer.ok) location.assign('/account')
  })
</script>
`

/**
 * What a server checks of a login, for this service.
 *
 * @param token.iss whose it is
 * @param token.aud whom it is for
 */
export const serverSnippet = (
  origin: string,
  { iss, aud }: { iss: string; aud: string },
): string => `import { createRemoteJWKSet, jwtVerify } from 'jose'

const keys = createRemoteJWKSet(new URL('${origin}/.well-known/jwks.json'))
const { payload } = await jwtVerify(token, keys, {
  algorithms: ['ES256'],
  issuer: '${iss}',
  audience: '${aud}',
  maxTokenAge: '5 min',
  clockTolerance: 30,
})
// payload.sub is the user
`
