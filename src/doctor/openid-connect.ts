import type { Db } from '../db/pool.ts'
import { isClientId, SANDBOX_CLIENT } from '../oidc/client-ids.ts'
import { problemOfUri } from '../oidc/client-uris.ts'
import { listClients, type Client } from '../oidc/clients.ts'
import type { Words } from '../language.ts'
import type { Answer, Ask } from './ask.ts'
import { failed, ok, warning, type Finding } from './finding.ts'
import { unreachable } from './unreachable.ts'

const DISCOVERY = '/.well-known/openid-configuration'
const JWKS = '/.well-known/jwks.json'

/** Do apps find the provider there, under the name that its tokens have, with keys of both kinds? */
export async function checkDiscovery({ url, ask }: { url: string; ask: Ask }): Promise<Finding> {
  let discovery: Answer
  let jwks: Answer
  try {
    discovery = await ask(`${url}${DISCOVERY}`)
    jwks = await ask(`${url}${JWKS}`)
  } catch (error) {
    const { says, fix } = unreachable(url, error)
    return failed(says, fix)
  }
  const document = discovery.json
  const issuer = document?.['issuer']
  if (typeof issuer !== 'string') return noDiscovery(url, discovery)
  if (issuer !== url) {
    return failed(
      {
        en: `The service at ${url} calls itself ${issuer}, so apps refuse what it says.`,
        zh: `${url} 的服务自称 ${issuer}，应用会因此拒绝它的应答。`,
      },
      {
        en: 'PUBLIC_URL must be the same here and there, without a slash at the end. After a change, restart the service; apps keep the issuer that they were set up with.',
        zh: '两处的 PUBLIC_URL 必须相同，末尾没有斜杠。修改后请重启服务；各应用中仍是当初填写的 issuer。',
      },
    )
  }
  const elsewhere = Object.entries(document ?? {}).find(
    ([name, value]) => /(_endpoint|^jwks_uri)$/.test(name) && !String(value).startsWith(`${url}/`),
  )
  if (elsewhere) {
    const [name, address] = elsewhere
    return failed(
      {
        en: `Discovery sends apps to another place: its ${name} is ${String(address)}.`,
        zh: `发现文档把应用带到了别处：其中 ${name} 为 ${String(address)}。`,
      },
      {
        en: 'Let the proxy pass the answer on as it is.',
        zh: '请让代理把应答原样转发。',
      },
    )
  }
  const missing = ['EC', 'RSA'].filter((kty) => !kinds(jwks).includes(kty))
  if (missing.length > 0) {
    return failed(
      {
        en: `There is no ${missing.join(' and no ')} key at ${url}${JWKS}, so apps cannot verify an id_token.`,
        zh: `${url}${JWKS} 中没有 ${missing.join('、')} 密钥，应用无法验证 id_token。`,
      },
      {
        en: 'Restart the service with OIDC=on, which makes the keys; with SIGNING_KEYS, put one of each kind into it ("npx scenepass keys generate --rsa").',
        zh: '请以 OIDC=on 重启服务，它会生成密钥；使用 SIGNING_KEYS 时，其中两种密钥都要有（"npx scenepass keys generate --rsa"）。',
      },
    )
  }
  return ok({
    en: `Apps find the provider by its issuer ${url}, with keys of both kinds.`,
    zh: `应用可以凭签发者 ${url} 找到本服务，两种密钥齐全。`,
  })
}

const kinds = ({ json }: Answer): unknown[] => {
  const keys = json?.['keys']
  return Array.isArray(keys) ? keys.map((each) => (each as { kty?: unknown } | null)?.kty) : []
}

const noDiscovery = (url: string, { status, json }: Answer): Finding =>
  json?.['code'] === 'NOT_FOUND'
    ? failed(
        {
          en: `The service at ${url} runs without OpenID Connect.`,
          zh: `${url} 的服务没有开启 OpenID Connect。`,
        },
        {
          en: 'It has other settings than these: restart it with OIDC=on.',
          zh: '它的配置与这里不同：请以 OIDC=on 重启。',
        },
      )
    : failed(
        {
          en: `There is no discovery document at ${url}${DISCOVERY} (HTTP ${status}).`,
          zh: `${url}${DISCOVERY} 没有返回发现文档（HTTP ${status}）。`,
        },
        {
          en: 'Let the proxy pass everything below /.well-known/, /oidc/, /sign-in/ and /d on as well; a rule for /.well-known/acme-challenge is often too wide.',
          zh: '请让代理也转发 /.well-known/、/oidc/、/sign-in/ 和 /d 之下的所有路径；针对 /.well-known/acme-challenge 的规则往往写得过宽。',
        },
      )

/**
 * Can each app do what it was added for?
 *
 * @param options.reserved the audiences of the service's own tokens, which no app may be called
 * @param options.emailDomain of placeholder addresses; null: there are none
 */
export async function checkClients(
  db: Db,
  options: { reserved: readonly string[]; production: boolean; emailDomain: string | null },
): Promise<Finding> {
  const clients = (await listClients(db)).filter(({ disabled }) => !disabled)
  const impossible = clients.find(
    ({ id }) => options.reserved.includes(id) || id === SANDBOX_CLIENT.id || !isClientId(id),
  )
  if (impossible) {
    const { id } = impossible
    return failed(
      {
        en: `The app ${id} signs nobody in: its client_id is that of the service's own tokens, or can be none.`,
        zh: `应用 ${id} 无法登录：它的 client_id 与本服务自己的令牌相同，或不合规则。`,
      },
      {
        en: `Add it again under another id, and remove this one: "npx scenepass clients remove ${id}". If it was there before TOKEN_AUDIENCE changed, that name is the one to change.`,
        zh: `请用另一个 id 重新添加，再删除这一个："npx scenepass clients remove ${id}"。若是后来修改 TOKEN_AUDIENCE 造成的，应改的是后者。`,
      },
    )
  }
  for (const client of clients) {
    const wrong = wrongUri(client, options.production)
    if (wrong) {
      const [uri, { en, zh }] = wrong
      return failed(
        {
          en: `The app ${client.name} (${client.id}) has an address that cannot be: ${uri} ${en}.`,
          zh: `应用 ${client.name}（${client.id}）的地址有误：${uri} ${zh}。`,
        },
        {
          en: `Change it there and here: "npx scenepass clients set ${client.id}" takes all its addresses anew.`,
          zh: `请在应用和这里同时修改："npx scenepass clients set ${client.id}" 会重新设置全部地址。`,
        },
      )
    }
  }
  const unaddressed = clients.find(({ placeholderEmail }) => placeholderEmail)
  if (unaddressed && options.emailDomain === null) {
    const { name, id } = unaddressed
    return warning(
      {
        en: `The app ${name} (${id}) was added with --email, but gets no address: OIDC_EMAIL_DOMAIN is not set.`,
        zh: `应用 ${name}（${id}）添加时带有 --email，却得不到邮箱：没有设置 OIDC_EMAIL_DOMAIN。`,
      },
      {
        en: 'Set OIDC_EMAIL_DOMAIN to a domain of yours that takes no mail, such as users.example.com.',
        zh: '请把 OIDC_EMAIL_DOMAIN 设为自己的、不收邮件的域名，例如 users.example.com。',
      },
    )
  }
  if (clients.length === 0) {
    return ok({
      en: 'There is no app yet: "npx scenepass clients add" adds one.',
      zh: '还没有应用：可用 "npx scenepass clients add" 添加。',
    })
  }
  return ok({
    en: `Apps that people can sign in to: ${clients.length}.`,
    zh: `可以登录的应用：${clients.length} 个。`,
  })
}

function wrongUri(client: Client, production: boolean): [string, Words] | null {
  const rules = { isPublic: client.secretHash === null, production }
  for (const [use, uris] of [
    ['redirect', client.redirectUris],
    ['logout', client.postLogoutRedirectUris],
  ] as const) {
    for (const uri of uris) {
      const problem = problemOfUri(uri, { ...rules, use })
      if (problem) return [uri, problem]
    }
  }
  return null
}
