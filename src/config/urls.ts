/** Where a service listens that was told nothing else. */
export const LISTEN = { HOST: '127.0.0.1', PORT: 3000 } as const
/** All addresses at once, of one kind of them or of both. */
export const isEverywhere = (host: string): boolean =>
  host === '0.0.0.0' || /^\[?(::|::ffff:0\.0\.0\.0|0(:0){7})\]?$/.test(host)

/**
 * Where this machine itself reaches what listens on a host and a port, without a trailing slash. On
 * all addresses at once means on the loopback one, too.
 */
export function localUrl(host: string, port: number): string {
  const own = isEverywhere(host) ? '127.0.0.1' : host
  return `http://${own.includes(':') ? `[${own}]` : own}:${port}`
}
