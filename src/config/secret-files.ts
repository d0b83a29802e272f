import { statSync } from 'node:fs'
import { platform } from 'node:os'
import { databaseUrlOf } from './database-url.ts'

/** Windows keeps no such modes. */
export const hasFileModes = platform() !== 'win32'

/**
 * The files of a set-up that hold secrets, as far as the settings name them: themselves, the signing
 * keys, the keys of TLS to the database.
 *
 * @param dotEnv where the settings are, besides the environment
 */
export function secretFiles(
  env: Readonly<Record<string, string | undefined>>,
  dotEnv = '.env',
): string[] {
  const keys = /^\s*file:(.+)$/s.exec(env['SIGNING_KEYS'] ?? '')?.[1]?.trim()
  const tls = [env['DATABASE_URL'], env['DATABASE_READ_URL']].map((url) =>
    databaseUrlOf(url)?.parameters.get('sslkey'),
  )
  return [...new Set([dotEnv, keys, ...tls])].filter((file) => file !== undefined)
}

/** Those of them that other accounts of this machine can read or change; what is not there cannot be. */
export const openToOthers = (files: readonly string[]): string[] =>
  hasFileModes ? files.filter(isOpen) : []

function isOpen(file: string): boolean {
  try {
    const { mode, uid } = statSync(file)
    // A file of root's that the service's group may read is how containers are given secrets.
    return (mode & (uid === 0 ? 0o027 : 0o077)) !== 0
  } catch {
    // Not there, or in a folder that even this account may not look into. The settings say so.
    return false
  }
}

/** The command that keeps them to the account that owns them. */
export const commandToClose = (files: readonly string[]): string =>
  `chmod 600 ${files.map((file) => (/^[\w./~-]+$/.test(file) ? file : quoted(file))).join(' ')}`

const quoted = (file: string): string => `'${file.replaceAll("'", `'\\''`)}'`
