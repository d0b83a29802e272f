/** Where a service listens that was told nothing else. */
export const LISTEN = { HOST: '127.0.0.1', PORT: 3000 } as const

/**
 * Where this machine itself reaches what listens on a host and a port, without a trailing slash. On
 * all addresses at once means on the loopback one, too.
 */
export function localUrl(host: string, port: number): string {
  const own = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${own.includes(':') ? `[${own}]` : own}:${port}`
}
