import fc from 'fast-check'
import Provider from 'oidc-provider'
import t from 'tap'
import { applicationTypeOf, problemOfMixture, problemOfUri } from '../../src/oidc/client-uris.ts'

const rules = { use: 'redirect', isPublic: false, production: true } as const
const why = (uri: string, more: object = {}) => problemOfUri(uri, { ...rules, ...more })?.en ?? null

t.test('addresses that people can be sent back to', async (t) => {
  for (const uri of [
    'https://app.example.com/callback',
    'https://app.example.com',
    'https://app.example.com:8443/cb?x=1',
    'http://localhost/cb',
    'http://127.0.0.1:8080/cb',
    'http://[::1]/cb',
    'https://xn--fiq228c.example/%E7%99%BB',
  ]) {
    t.equal(why(uri), null, uri)
  }
  t.equal(why('com.example.app:/callback', { isPublic: true }), null)
  t.equal(why('com.example.app://callback', { isPublic: true }), null)
  t.equal(why('http://192.168.1.7:3000/cb', { production: false }), null)
  t.equal(why('https://app.example.com/#/home', { use: 'home' }), null)
})

t.test('everything else is refused, and it says why in both languages', async (t) => {
  for (const [uri, pattern, more] of [
    ['', /not absolute/],
    ['app.example.com/cb', /not absolute/],
    ['/cb', /not absolute/],
    ['//app.example.com/cb', /not absolute/],
    ['https://app.example.com/cb#', /fragment/],
    ['https://*.example.com/cb', /has a \*/],
    ['https://app.example.com/*', /has a \*/],
    ['https://me:pw@app.example.com/', /a name or a password/],
    ['https://me@app.example.com/', /a name or a password/],
    ['https://@app.example.com/', /a name or a password/],
    ['https:app.example.com/cb', /no URL/],
    ['https:///cb', /no URL/],
    ['https://', /no URL/],
    ['https://a..b:x/', /no URL/],
    ['https://app.example.com\\cb', /cannot have/],
    ['https://app.example.com/登录', /cannot have/],
    ['https://app.example.com/a b', /cannot have/],
    ['https://app.example.com/\n', /cannot have/],
    ['http://app.example.com/cb', /must be https/],
    ['http://127.0.0.1.example.com/cb', /must be https/],
    [`https://app.example.com/${'x'.repeat(2048)}`, /longer than 2048/],
    ['com.example.app:/cb', /--public/],
    ['javascript:alert(1)', /must begin with https/, { isPublic: true }],
    ['data:text/html,x', /must begin with https/, { isPublic: true }],
    ['myapp:/cb', /must begin with https/, { isPublic: true }],
    ['com.example.app:/cb', /https:\/\/ or http/, { isPublic: true, use: 'logout' }],
    ['com.example.app:/cb', /https:\/\/ or http/, { isPublic: true, use: 'home' }],
  ] as const) {
    t.match(why(uri, more), pattern, uri)
    t.match(problemOfUri(uri, { ...rules, ...more })?.zh, /\p{Script=Han}/u)
  }
})

t.test('no client that fits is one that the library throws on', async (t) => {
  const provider = new Provider('https://login.example.com', {
    clients: [],
    responseTypes: ['code'],
    features: { deviceFlow: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  })
  const Client = provider.Client as unknown as {
    new (metadata: object): { redirectUriAllowed(uri: string): boolean }
  }
  const uri = fc.oneof(
    fc.constantFrom(
      'https://app.example.com/cb',
      'https://localhost/cb',
      'http://localhost/cb',
      'http://127.0.0.1:5/cb',
      'http://[::1]/cb',
      'http://192.168.1.7/cb',
      'https://[::1]/',
      'com.example.app:/cb',
      'com.example.app://x',
      'javascript:x',
      'a.b:',
      'HTTP://LOCALHOST/',
    ),
    fc.webUrl(),
  )
  let kept = 0
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.boolean(),
      fc.array(uri, { minLength: 1, maxLength: 4 }),
      fc.array(uri, { maxLength: 2 }),
      (isPublic, production, redirectUris, postLogoutRedirectUris) => {
        const at = { isPublic, production }
        const client = { secretHash: isPublic ? null : 'x', redirectUris, postLogoutRedirectUris }
        const refused =
          redirectUris.some((each) => problemOfUri(each, { ...at, use: 'redirect' })) ||
          postLogoutRedirectUris.some((each) => problemOfUri(each, { ...at, use: 'logout' })) ||
          problemOfMixture(client)
        if (refused) return
        kept++
        const built = new Client({
          client_id: 'c',
          application_type: applicationTypeOf(client),
          redirect_uris: redirectUris,
          post_logout_redirect_uris: postLogoutRedirectUris,
          token_endpoint_auth_method: isPublic ? 'none' : 'client_secret_basic',
          ...(isPublic ? {} : { client_secret: 'x' }),
        })
        for (const each of redirectUris) if (!built.redirectUriAllowed(each)) throw new Error(each)
      },
    ),
    { numRuns: 500 },
  )
  t.ok(kept > 50, `${kept} were kept`)
})

t.test('a public client has any port on this machine, also beside https elsewhere', async (t) => {
  const type = (secretHash: string | null, ...redirectUris: string[]) =>
    applicationTypeOf({ secretHash, redirectUris, postLogoutRedirectUris: [] })
  t.equal(type(null, 'http://127.0.0.1/cb'), 'native')
  t.equal(type(null, 'com.example.app:/cb', 'https://app.example.com/cb'), 'native')
  t.equal(type(null, 'https://app.example.com/cb'), 'web')
  t.equal(type(null, 'http://127.0.0.1/cb', 'https://localhost/cb'), 'web')
  t.equal(type('x', 'http://127.0.0.1/cb'), 'web')
  t.match(
    problemOfMixture({
      redirectUris: ['com.example.app:/cb', 'https://localhost/cb'],
      postLogoutRedirectUris: [],
    }),
    { en: /scheme of its own/, zh: /自定义协议/ },
  )
})
