import { readDatabaseUrl, UrlProblem, type DatabaseUrl } from '../db/url.ts'
import { isLoopback } from './hosts.ts'

/** What a URL of PostgreSQL says; null where there is none, or it cannot be read. */
export function databaseUrlOf(text: string | undefined): DatabaseUrl | null {
  if (text === undefined || text.startsWith('pglite:')) return null
  try {
    return readDatabaseUrl(text)
  } catch (error) {
    if (error instanceof UrlProblem) return null
    throw error
  }
}

/**
 * What is wrong with a URL, to complete the sentence "NAME …"; empty when it is no URL of PostgreSQL,
 * null when nothing is wrong.
 */
export function problemOfUrl(
  name: 'DATABASE_URL' | 'DATABASE_READ_URL',
  text: string | undefined,
): string | null {
  if (text === undefined || text.startsWith('pglite:')) return null
  try {
    const { wanted } = readDatabaseUrl(text)
    return name === 'DATABASE_URL' && wanted !== null && /read-only|standby/.test(wanted)
      ? 'must lead to the primary: target_session_attrs is read-write, primary or any there; DATABASE_READ_URL is for standbys'
      : null
  } catch (error) {
    if (error instanceof UrlProblem) return error.message
    throw error
  }
}

/** Whether all servers of a URL are on this machine, without asking a server of names. */
export function isLocalDatabase(text: string): boolean {
  const servers = databaseUrlOf(text)?.servers
  // Without a host, or with a folder in its place, it is the local socket.
  return (
    servers?.every(({ host }) => host === '' || host.startsWith('/') || isLoopback(host)) === true
  )
}
