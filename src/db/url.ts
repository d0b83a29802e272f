import { OperatorError } from '../operator-error.ts'
/** Where one PostgreSQL listens: a name, an address, or the folder of its socket (it begins with /). */
export type Server = {
  /** Empty: where libpq's variables say, or localhost. */
  host: string
  /** null: PGPORT, or 5432. */
  port: number | null
}

/** Which of several servers will do, in the words of libpq's `target_session_attrs`. */
export type Wanted = 'any' | 'read-write' | 'read-only' | 'primary' | 'standby' | 'prefer-standby'

export type DatabaseUrl = {
  /** In the order in which they are tried; at least one. */
  servers: Server[]
  /** null: the URL does not say. */
  wanted: Wanted | null
  /** These three are empty where libpq's variables may say them. */
  user: string
  password: string
  database: string
  /** All else that stands behind the ?, by name. */
  parameters: ReadonlyMap<string, string>
}

/**
 * A URL of PostgreSQL that cannot be used. The words complete the sentence "NAME …"; they are empty
 * where the URL is no such URL at all, or a password ends it.
 */
export class UrlProblem extends OperatorError {
  constructor(en: string, zh: string) {
    super({ en, zh })
  }
}

const WANTED = ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'] as const

/** TLS, and what goes to the server at the start of a session. */
const USED = `
  ssl sslmode sslrootcert sslcert sslkey sslnegotiation uselibpqcompat channel_binding
  options application_name client_encoding statement_timeout lock_timeout
  idle_in_transaction_session_timeout target_session_attrs
`
/** Parameters of libpq and of poolers that URLs of providers have. Nothing is lost without them. */
const WITHOUT_EFFECT = `
  connect_timeout fallback_application_name keepalives keepalives_idle keepalives_interval
  keepalives_count tcp_user_timeout gssencmode sslcompression sslsni
  pgbouncer connection_limit pool_timeout supa
`
const PLACE = 'host port user password dbname db encoding'
const KNOWN = new Set(`${USED} ${WITHOUT_EFFECT} ${PLACE}`.trim().split(/\s+/))
const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify']

const UNREADABLE = ''

/**
 * Reads a URL of PostgreSQL in the forms that libpq and node-postgres know: `postgres://` with any
 * number of hosts, a socket in place of a host, and node-postgres' `socket:`. What stands in the URL
 * is told by name only: it may be a part of a password.
 *
 * @throws {UrlProblem} where it cannot be read, or asks for what is not there
 */
export function readDatabaseUrl(text: string): DatabaseUrl {
  const { authority, path, query, isSocket } = partsOf(text)
  const parameters = parametersOf(query)
  const at = authority.lastIndexOf('@')
  const [, user = '', password = ''] =
    /^([^:]*):?(.*)$/s.exec(authority.slice(0, Math.max(at, 0))) ?? []
  const named = (name: string): string => parameters.get(name) ?? ''
  const servers = isSocket
    ? [{ host: decode(path), port: portOf(named('port')) }]
    : serversOf(authority.slice(at + 1), named('host'), named('port'))
  return {
    servers,
    wanted: wantedOf(parameters.get('target_session_attrs')),
    user: named('user') || decode(user),
    password: named('password') || decode(password),
    database: named(isSocket ? 'db' : 'dbname') || (isSocket ? '' : decode(path.slice(1))),
    parameters,
  }
}

function partsOf(text: string) {
  const [, scheme = '', authority = '', path = '', query = ''] =
    /^(postgres|postgresql|socket):(?:\/\/([^/?]*))?(\/[^?]*)?(?:\?(.*))?$/s.exec(text) ?? []
  const isSocket = scheme === 'socket'
  // A #, / or ? in a password ends it there: the rest would be taken for a database, a host, a port.
  const cut = text.includes('#') || (!isSocket && path.includes('@')) || /^[^=&]*@/.test(query)
  if (cut) throw new UrlProblem(UNREADABLE, UNREADABLE)
  if (scheme === '' || (isSocket ? path === '' : !text.includes('://'))) {
    throw new UrlProblem(UNREADABLE, UNREADABLE)
  }
  return { authority, path, query, isSocket }
}

function parametersOf(query: string): Map<string, string> {
  const parameters = new Map(new URLSearchParams(query))
  for (const name of parameters.keys()) {
    if (KNOWN.has(name)) continue
    // Perhaps the end of a password.
    if (query.includes('@') || !/^\w{1,40}$/.test(name))
      throw new UrlProblem(UNREADABLE, UNREADABLE)
    throw name === 'schema'
      ? new UrlProblem(
          'has the parameter schema, which PostgreSQL does not know: write options=-c%20search_path%3DNAME',
          '含有 PostgreSQL 不认识的参数 schema：请改写为 options=-c%20search_path%3DNAME',
        )
      : new UrlProblem(
          `has the parameter ${name}, which is not known here: take it out, or correct its name`,
          `含有不支持的参数 ${name}：请删去，或改正其名称`,
        )
  }
  const mode = parameters.get('sslmode')
  if (mode !== undefined && !SSL_MODES.includes(mode)) {
    throw new UrlProblem(
      `has an unknown sslmode: it is one of ${SSL_MODES.join(', ')}`,
      `的 sslmode 无法识别：应为 ${SSL_MODES.join('、')} 之一`,
    )
  }
  return parameters
}

/** As libpq does, a list of ports belongs to the hosts in turn, and a single one to all of them. */
function serversOf(authority: string, hosts: string, ports: string): Server[] {
  const given = authority.split(',').map(serverOf)
  const own = ports === '' ? [] : ports.split(',').map(portOf)
  const named = hosts === '' ? null : hosts.split(',')
  const count = named?.length ?? given.length
  if (own.length > 1 && own.length !== count) {
    throw new UrlProblem('has another number of ports than of hosts', '的端口数量与主机数量不一致')
  }
  const portAt = (i: number) => (own.length > 1 ? own[i] : own[0]) ?? null
  return Array.from({ length: count }, (_, i) => ({
    host: (named ?? [])[i]?.trim() ?? given[i]?.host ?? '',
    port: portAt(i) ?? given[given.length > 1 ? i : 0]?.port ?? null,
  }))
}

function serverOf(text: string): Server {
  const [, six, name, port = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/s.exec(text) ?? []
  if (six === undefined && name === undefined) {
    throw new UrlProblem(
      'has a host that cannot be read: an IPv6 address stands in [ ]',
      '的主机名无法识别：IPv6 地址须写在 [ ] 中',
    )
  }
  return { host: decode(six ?? name ?? ''), port: portOf(port) }
}

function portOf(text: string): number | null {
  if (text === '') return null
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) {
    throw new UrlProblem(UNREADABLE, UNREADABLE)
  }
  return port
}

function wantedOf(word: string | undefined): Wanted | null {
  if (word === undefined) return null
  const wanted = WANTED.find((each) => each === word)
  if (wanted) return wanted
  throw new UrlProblem(
    `has an unknown target_session_attrs: it is one of ${WANTED.join(', ')}`,
    `的 target_session_attrs 无法识别：应为 ${WANTED.join('、')} 之一`,
  )
}

/** A % that begins no code stays as it is. */
const decode = (text: string): string =>
  text.replace(/(?:%[0-9a-f]{2})+/gi, (codes) => {
    try {
      return decodeURIComponent(codes)
    } catch {
      return codes
    }
  })

/** For messages: never with user or password. */
export const labelOf = ({ host, port }: Server): string => {
  if (host.startsWith('/')) return `${host}/.s.PGSQL.${port ?? 5432}`
  return `${host.includes(':') ? `[${host}]` : host || 'localhost'}${port === null ? '' : `:${port}`}`
}

/** Hosts, ports and database of a URL; never the password. */
export function placeOf(url: string): string {
  const { servers, database } = readDatabaseUrl(url)
  return `${servers.map(labelOf).join(',')}/${database}`
}
