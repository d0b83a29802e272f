/** Passwords are chosen by people. What is shorter would only take words apart. */
const SHORTEST_PASSWORD = 6
/** WeChat's AppSecret has 32 characters, the private part of a signing key 43. */
const SHORTEST_SECRET = 8
/** A run of characters in signing keys that no program could read may be the private part of one. */
const KEY_MATERIAL = /[\w+/=-]{16,}/g
/** What the accounts' consoles give, and what pushes are signed and encrypted with. */
const OF_ACCOUNTS = ['WECHAT_SECRET', 'OA_SECRET', 'OA_TOKEN', 'OA_AES_KEY']
/** The members of a JWK that are private: RFC 7518, 6.2.2, 6.3.2 and 6.4.1. */
const PRIVATE_MEMBERS = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'])

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Takes secrets out of a text that is about to be written: the errors of WeChat, of drivers and of
 * the network may repeat what was sent, plain or as it stood in a URL or in JSON.
 */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text
  for (const form of formsOf(secrets)) clean = clean.replaceAll(form, '[redacted]')
  return clean
}

/**
 * The same for every secret in the settings of a program: passwords in URLs (the database's, a
 * proxy's), the AppSecrets, what pushes are signed with, the signing keys, also where they are malformed.
 *
 * @param env the settings as they are given
 */
export function hider(env: Environment): (text: string) => string {
  const forms = formsOf(secretsOf(env))
  return (text) => forms.reduce((clean, form) => clean.replaceAll(form, '[redacted]'), text)
}

/** The longest first: a secret may be the beginning of another one. */
function formsOf(secrets: readonly string[]): string[] {
  const forms = secrets.flatMap((secret) => [
    secret,
    JSON.stringify(secret).slice(1, -1),
    new URLSearchParams([['', secret]]).toString().slice(1),
    encoded(secret),
  ])
  return [...new Set(forms)].filter((form) => form !== '').sort((a, b) => b.length - a.length)
}

function encoded(text: string): string {
  try {
    return encodeURIComponent(text)
  } catch {
    return text // half a surrogate pair
  }
}

function secretsOf(env: Environment): string[] {
  const values = Object.values(env).filter((value) => value !== undefined)
  const passwords = [
    env['PGPASSWORD'] ?? '',
    ...[...values, ...proxiesIn(env)].flatMap(passwordsIn),
  ].flatMap(readings)
  const secrets = [
    ...OF_ACCOUNTS.map((name) => env[name] ?? ''),
    ...keysIn(env['SIGNING_KEYS'] ?? ''),
  ]
  return [
    ...passwords.filter((each) => each.length >= SHORTEST_PASSWORD),
    ...secrets.map((each) => each.trim()).filter((each) => each.length >= SHORTEST_SECRET),
  ]
}

/** A proxy is often named without a scheme. */
const PROXIES = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY']

const proxiesIn = (env: Environment): string[] =>
  PROXIES.flatMap((name) => [env[name], env[name.toLowerCase()]])
    .filter((value) => value !== undefined && !value.includes('://'))
    .map((value) => `http://${value}`)

/** In a URL, in each of a list, and in what was meant as one: a password with a slash in it. */
function passwordsIn(value: string): string[] {
  // Some URLs have one slash alone: node-postgres' socket:/folder?password=…
  if (!/:\/|[?&](?:ssl)?password=/.test(value)) return []
  return [value, ...value.split(/[,，;；、\s]+/)].flatMap((text) => [
    /:\/\/[^:/?#@]*:(.*)@/s.exec(text)?.[1] ?? '',
    URL.canParse(text) ? new URL(text).password : '',
    ...[...text.matchAll(/[?&](?:ssl)?password=([^&#]*)/g)].map(([, word = '']) => word),
  ])
}

/** As it stands there, and as it is meant. */
function readings(password: string): string[] {
  try {
    return [password, decodeURIComponent(password)]
  } catch {
    return [password] // a lone %: the driver takes it as it stands, too
  }
}

function keysIn(text: string): string[] {
  if (text.trim().startsWith('file:')) return []
  try {
    return [text, ...privateMembersOf(JSON.parse(text))]
  } catch {
    return [text, ...(text.match(KEY_MATERIAL) ?? [])]
  }
}

function privateMembersOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) =>
    typeof inner === 'string' && PRIVATE_MEMBERS.has(name) ? [inner] : privateMembersOf(inner),
  )
}
