import type { Words } from '../language.ts'
import { isUnavailable } from './unavailable.ts'

/** What Node.js says of a certificate that it does not trust. */
const UNTRUSTED =
  /^(UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|CERT_(UNTRUSTED|SIGNATURE|REJECTED|CHAIN))/

/** What to do about a database that cannot be used; the same for the start and for the doctor. */
export function fixOf(error: unknown): Words {
  const { code = '', message = '' } = (error ?? {}) as { code?: string; message?: string }
  for (const [fits, fix] of FIXES) if (fits(code, message)) return fix
  return isUnavailable(error) ? START : CHECK
}

const CHECK: Words = {
  en: 'Check DATABASE_URL: host, port, user, password and name.',
  zh: '请检查 DATABASE_URL 中的主机、端口、用户、密码和库名。',
}
const START: Words = {
  en: 'Start it, or check DATABASE_URL.',
  zh: '请启动数据库，或检查 DATABASE_URL。',
}

const FIXES: [fits: (code: string, message: string) => boolean, fix: Words][] = [
  [
    (code) => UNTRUSTED.test(code),
    {
      en: 'Its certificate is signed by an authority that this machine does not know: download the CA certificate of your provider and add sslmode=verify-full&sslrootcert=/path/to/ca.pem to DATABASE_URL.',
      zh: '它的证书由本机不认识的机构签发：请下载服务商的 CA 证书，并在 DATABASE_URL 中加上 sslmode=verify-full&sslrootcert=/路径/ca.pem。',
    },
  ],
  [
    (code) => code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code === 'HOSTNAME_MISMATCH',
    {
      en: 'Its certificate is for another name: write the host that the certificate names into DATABASE_URL, or, with a CA of your own, uselibpqcompat=true&sslmode=verify-ca&sslrootcert=/path/to/ca.pem.',
      zh: '它的证书属于另一个域名：请在 DATABASE_URL 中使用证书上的主机名；若是自有 CA，也可写 uselibpqcompat=true&sslmode=verify-ca&sslrootcert=/路径/ca.pem。',
    },
  ],
  [
    (code) => code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID',
    {
      en: 'Renew the certificate of the database, or set the clock of this machine right.',
      zh: '请更新数据库的证书，或校正本机时钟。',
    },
  ],
  [
    (_, message) => message.includes('does not support SSL'),
    {
      en: 'It has no TLS: switch it on there, or write sslmode=disable into DATABASE_URL where the way to it is safe.',
      zh: '它没有启用 TLS：请在数据库上启用；若到它的网络可信，可在 DATABASE_URL 中写 sslmode=disable。',
    },
  ],
  [
    (code, message) => code === '28000' && /no encryption|SSL off/.test(message),
    {
      en: 'It may want TLS: add sslmode=verify-full to DATABASE_URL (and sslrootcert=/path/to/ca.pem for a CA of its own), or let this machine in by pg_hba.conf.',
      zh: '它可能要求 TLS：请在 DATABASE_URL 中加上 sslmode=verify-full（自有 CA 时再加 sslrootcert=/路径/ca.pem），或在 pg_hba.conf 中放行本机。',
    },
  ],
  [
    (code) => code === '3D000',
    {
      en: 'Make it (create database NAME owner ROLE), or correct the name in DATABASE_URL.',
      zh: '请创建它（create database 库名 owner 角色），或改正 DATABASE_URL 中的库名。',
    },
  ],
  [
    (_, message) => /unsupported startup parameter/.test(message),
    {
      en: 'PgBouncer lets no options through: take options out of DATABASE_URL, and set the schema with "alter role ROLE set search_path = NAME".',
      zh: 'PgBouncer 不接受 options：请从 DATABASE_URL 中去掉 options，改用 "alter role 角色 set search_path = 模式名" 指定模式。',
    },
  ],
  [
    (_, message) => /Only mechanism|Unknown authenticationOk|SASL: /.test(message),
    {
      en: 'Its way to check passwords is none of PostgreSQL’s (openGauss and its kin have their own), or the password is missing: check DATABASE_URL.',
      zh: '它的口令校验方式不属于 PostgreSQL（openGauss 系有自己的方式），或者缺少密码：请检查 DATABASE_URL。',
    },
  ],
  [
    (code, message) => code === 'ETIMEDOUT' && message.includes('does not answer'),
    {
      en: 'Check the host and port in DATABASE_URL, and that firewalls and security groups let this machine through.',
      zh: '请检查 DATABASE_URL 中的主机和端口，以及防火墙、安全组是否放行本机。',
    },
  ],
  [
    (code, message) => code === 'ETIMEDOUT' && message.includes('takes connections'),
    {
      en: 'It, or the network to it, is too slow, or something else listens there: check DATABASE_URL.',
      zh: '数据库或到它的网络过慢，或者该端口上是别的程序：请检查 DATABASE_URL。',
    },
  ],
  [
    (code) => code === '25006',
    {
      en: 'Promote a server, or name the primary in DATABASE_URL.',
      zh: '请提升一台服务器为主库，或在 DATABASE_URL 中写上主库。',
    },
  ],
  [
    (code) => code === '53300',
    {
      en: 'All its connections are taken: raise max_connections there, or lower DATABASE_POOL.',
      zh: '它的连接已用尽：请调高其 max_connections，或调低 DATABASE_POOL。',
    },
  ],
]
