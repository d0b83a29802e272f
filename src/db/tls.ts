import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import type { DatabaseUrl } from './url.ts'
import { DatabaseProblem } from './problem.ts'

/** The files of TLS in a URL, and what node calls their content. */
const FILES = { sslrootcert: 'ca', sslcert: 'cert', sslkey: 'key' } as const

/**
 * What a URL says of TLS. Without `uselibpqcompat=true` every mode that has TLS checks the certificate
 * and its name, as node-postgres does, and not as libpq does.
 *
 * @returns undefined where the URL says nothing: then PGSSLMODE is asked
 * @throws {DatabaseProblem} when a file cannot be read
 */
export function tlsOf({ parameters }: DatabaseUrl): ConnectionOptions | boolean | undefined {
  const mode = parameters.get('sslmode')
  const ssl = parameters.get('ssl')
  if (mode === 'disable' || (mode === undefined && /^(0|false|disable)$/.test(ssl ?? '')))
    return false
  const files = filesOf(parameters)
  if (mode === undefined && ssl === undefined && Object.keys(files).length === 0) {
    return parameters.get('sslnegotiation') === 'direct' ? true : undefined
  }
  if (mode === 'no-verify' || (mode === undefined && ssl === 'no-verify')) {
    return { ...files, rejectUnauthorized: false }
  }
  if (parameters.get('uselibpqcompat') !== 'true' || mode === undefined) return files
  // libpq checks the signature of the certificate where it was given one to check it with.
  if (mode === 'verify-ca' || (mode === 'require' && files.ca)) {
    return { ...files, checkServerIdentity: () => undefined }
  }
  return mode === 'verify-full' ? files : { ...files, rejectUnauthorized: false }
}

function filesOf(parameters: DatabaseUrl['parameters']): ConnectionOptions {
  const options: ConnectionOptions = {}
  for (const [name, option] of Object.entries(FILES)) {
    const file = parameters.get(name)
    // libpq's word for the certificates that the system trusts; Node.js has a list of its own.
    if (file === undefined || file === '' || (name === 'sslrootcert' && file === 'system')) continue
    try {
      options[option] = readFileSync(file, 'utf8')
    } catch (error) {
      const { code = String(error) } = error as NodeJS.ErrnoException
      throw new DatabaseProblem({
        says: {
          en: `The file ${file}, which ${name} of the database's URL names, cannot be read (${code}).`,
          zh: `无法读取数据库 URL 中 ${name} 指定的文件 ${file}（${code}）。`,
        },
        fix: {
          en: `Put it there, let this account read it, or correct ${name} in DATABASE_URL.`,
          zh: `请放好该文件并让运行账号可读，或改正 DATABASE_URL 中的 ${name}。`,
        },
      })
    }
  }
  return options
}
