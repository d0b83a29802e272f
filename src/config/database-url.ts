import type { Words } from '../language.ts'
import { readDatabaseUrl, UrlProblem, type DatabaseUrl } from '../db/url.ts'
import { isLoopback } from './hosts.ts'
import { wrongShape } from './problems.ts'

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
 * What is wrong with a URL of PostgreSQL; null when nothing is.
 */
export function problemOfUrl(
  name: 'DATABASE_URL' | 'DATABASE_READ_URL',
  text: string | undefined,
): Words | null {
  if (text === undefined || text.startsWith('pglite:')) return null
  try {
    const { wanted } = readDatabaseUrl(text)
    return name === 'DATABASE_URL' && wanted !== null && /read-only|standby/.test(wanted)
      ? {
          en: `${name} must lead to the primary: target_session_attrs is read-write, primary or any there; DATABASE_READ_URL is for standbys`,
          zh: `${name} 必须指向主库：其 target_session_attrs 应为 read-write、primary 或 any；备库请写在 DATABASE_READ_URL`,
        }
      : null
  } catch (error) {
    if (!(error instanceof UrlProblem)) throw error
    const { en, zh } = error.words
    if (en === '') return wrongShape(name)
    return { en: `${name} ${en}`, zh: `${name} ${zh}` }
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
