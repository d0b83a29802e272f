import type { Words } from '../language.ts'
import { messageOf } from '../operator-error.ts'

const TLS_ERRORS =
  /^(CERT_|ERR_TLS_|ERR_SSL_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO)/

/** Why nothing came back from an address, and what to look at. */
export function unreachable(url: string, error: unknown): { says: Words; fix: Words } {
  const { origin, hostname } = new URL(url)
  const { code = '', name = '' } = error as { code?: string; name?: string }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return {
      says: {
        en: `The name ${hostname} does not resolve (${code}).`,
        zh: `域名 ${hostname} 无法解析（${code}）。`,
      },
      fix:
        code === 'EAI_AGAIN' || isOfWechat(hostname)
          ? {
              en: 'The resolver of this machine gives no answer: check /etc/resolv.conf, and that port 53 is open to its servers.',
              zh: '本机的域名解析没有结果：请检查 /etc/resolv.conf，以及能否访问其中 DNS 服务器的 53 端口。',
            }
          : {
              en: 'Add its DNS record, or correct the name; it may take a while to be known everywhere.',
              zh: '请添加该域名的 DNS 解析记录，或改正域名；新记录需要一段时间才会全面生效。',
            },
    }
  }
  if (name === 'TimeoutError' || code === 'ETIMEDOUT') {
    return {
      says: {
        en: `${origin} does not answer in time.`,
        zh: `${origin} 未能及时应答。`,
      },
      fix: {
        en: 'Check the firewall and the security group, and that this machine may go there; some networks cannot reach their own public address from inside.',
        zh: '请检查防火墙和安全组，以及本机能否访问该地址；有些网络无法从内部访问自己的公网地址。',
      },
    }
  }
  if (TLS_ERRORS.test(code)) {
    return {
      says: {
        en: `The certificate or TLS of ${origin} is not accepted (${code}).`,
        zh: `${origin} 的证书或 TLS 未通过验证（${code}）。`,
      },
      fix: {
        en: 'WeChat wants TLS 1.2 or newer and a valid certificate with its whole chain (fullchain.pem, not cert.pem alone) for exactly this name.',
        zh: '微信要求 TLS 1.2 或更高版本，证书须有效、与该域名一致，并带有完整的证书链（用 fullchain.pem，不要只用 cert.pem）。',
      },
    }
  }
  const reason = messageOf(error)
  return {
    says: { en: `${origin} cannot be reached: ${reason}.`, zh: `无法访问 ${origin}：${reason}。` },
    fix: {
      en: 'Check that something listens there, and the port.',
      zh: '请检查该地址是否有程序在监听，以及端口是否正确。',
    },
  }
}

/** A record of it is not ours to add. */
const isOfWechat = (hostname: string): boolean => /(^|\.)(qq|wechat)\.com$/.test(hostname)
