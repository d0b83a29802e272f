import type { Answer } from './ask.ts'
import { failed, ok, unchecked, type Finding } from './finding.ts'
import type { Signers } from './signing-keys.ts'
import { unreachable } from './unreachable.ts'

/** Is it ScenePass that answers there, and can it serve? @param ready what GET /readyz got */
export async function checkService(url: string, ready: () => Promise<Answer>): Promise<Finding> {
  const { status, json } = await ready()
  if (status === 200 && json?.['status'] === 'ok') {
    return ok({ en: `The service at ${url} is ready.`, zh: `${url} 的服务已就绪。` })
  }
  const { code, message } = json ?? {}
  if (typeof code === 'string' && typeof message === 'string') {
    return failed(
      {
        en: `The service at ${url} is not ready: ${code}.`,
        zh: `${url} 的服务尚未就绪：${code}。`,
      },
      {
        en: 'Its log says why; the checks of the database and of the migrations may, too.',
        zh: '原因见服务日志，也可参考“数据库”和“数据库迁移”两项的结果。',
      },
    )
  }
  if (status === 502 || status === 503 || status === 504) {
    return failed(
      {
        en: `A proxy answers at ${url}, but not the service behind it (HTTP ${status}).`,
        zh: `${url} 的代理有应答，但其后的服务没有（HTTP ${status}）。`,
      },
      {
        en: 'Start the service ("npx scenepass"), and check that the proxy goes to its HOST and PORT.',
        zh: '请启动服务（"npx scenepass"），并检查代理是否转发到它的 HOST 和 PORT。',
      },
    )
  }
  return failed(
    {
      en: `Something answers at ${url}, but not ScenePass (GET /readyz: HTTP ${status}).`,
      zh: `${url} 有应答，但不是 ScenePass（GET /readyz：HTTP ${status}）。`,
    },
    {
      en: 'Check PUBLIC_URL, and that the proxy passes every path on as it is.',
      zh: '请检查 PUBLIC_URL，并确认代理把所有路径原样转发。',
    },
  )
}

/** Do sites find the keys there that tokens are signed with? */
export async function checkPublishedKeys(
  url: string,
  published: () => Promise<Answer>,
  signers: () => Promise<Signers>,
): Promise<Finding> {
  const signing = await signers()
  if (signing.length === 0) {
    return unchecked({
      en: 'Not checked: the published keys, because there is no signing key yet.',
      zh: '未检查“公布的公钥”：因为还没有签名密钥。',
    })
  }
  let answer: Answer
  try {
    answer = await published()
  } catch (error) {
    const { says, fix } = unreachable(url, error)
    return failed(says, fix)
  }
  const keys = answer.json?.['keys']
  if (!Array.isArray(keys)) {
    return failed(
      {
        en: `There are no keys at ${url}/.well-known/jwks.json (HTTP ${answer.status}), so no site can verify a login.`,
        zh: `${url}/.well-known/jwks.json 没有返回公钥（HTTP ${answer.status}），网站无法验证登录令牌。`,
      },
      {
        en: 'Let the proxy pass /.well-known/jwks.json on as well; a rule for /.well-known/acme-challenge is often too wide.',
        zh: '请让代理也转发 /.well-known/jwks.json；针对 /.well-known/acme-challenge 的规则往往写得过宽。',
      },
    )
  }
  const kids = keys.map((each) => (each as { kid?: unknown } | null)?.kid)
  const missing = signing.find(({ kid }) => !kids.includes(kid))
  if (missing) {
    return failed(
      {
        en: `The service at ${url} has other signing keys than these settings: ${missing.kid} is not among them.`,
        zh: `${url} 的服务使用的签名密钥与当前配置不同：其中没有 ${missing.kid}。`,
      },
      {
        en: 'Run this with the settings of that service: DATABASE_URL, SIGNING_KEYS and OIDC have to be the same. After a change, restart it.',
        zh: '请使用该服务的配置运行本命令：DATABASE_URL、SIGNING_KEYS 和 OIDC 必须相同。修改后请重启服务。',
      },
    )
  }
  return ok({
    en: 'Sites find the key that signs at /.well-known/jwks.json.',
    zh: '网站可以从 /.well-known/jwks.json 取得签名所用的公钥。',
  })
}
