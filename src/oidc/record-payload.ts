import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import type { AdapterPayload } from 'oidc-provider'

/**
 * What of a record goes into the database, and how it comes back. Whoever reads the database must find
 * nothing there that can be presented anywhere: no id, no cookie, no id_token of a hint.
 */

/** SHA-256 in base64url, for values of 256 random bits: there is nothing to guess. */
export const hashed = (value: string): string =>
  createHash('sha256').update(value).digest('base64url')

/** The key of a record; a grant's id is no bearer value: it is only ever compared. */
export const keyOf = (model: string, id: string): string => (model === 'Grant' ? id : hashed(id))

/** `WDJBMJHT`, as the library has it, to `WDJB-MJHT`, as people read it. */
export const withDash = (userCode: string): string => userCode.replace(/^(.{4})-?/, '$1-')

/**
 * @param resumeUrl where an interaction goes on; it ends in the uid, which is a cookie's value
 */
export function toStore(
  model: string,
  id: string,
  payload: AdapterPayload,
  resumeUrl: (uid: string) => string,
): object {
  const { jti: _jti, returnTo: _returnTo, consumed: _consumed, ...kept } = payload
  const { params, prompt, session, state } = kept
  const { id_token_hint: _hint, ...safeParams } = params ?? {}
  const { id_token_hint: _shown, ...safeDetails } = prompt?.details ?? {}
  return {
    ...kept,
    ...(params && { params: safeParams }),
    ...(prompt && { prompt: { ...prompt, details: safeDetails } }),
    ...(model === 'Interaction' && session && { session: { ...session, cookie: undefined } }),
    ...(model === 'Session' && state && { state: mapResumeUrl(state, resumeUrl(''), seal(id)) }),
  }
}

/**
 * @param id null where the record was found by something else: it is only read then
 * @param left seconds until the record expires, by the database's clock
 * @returns the payload in the clock of this process, which may be wrong by minutes
 */
export function fromStore(
  model: string,
  id: string | null,
  stored: AdapterPayload,
  left: number,
  resumeUrl: (uid: string) => string,
): AdapterPayload {
  const exp = Math.floor(Date.now() / 1000) + left
  const shift = exp - (stored.exp ?? exp)
  const { iat, iiat, state } = stored
  const here = {
    ...stored,
    exp,
    ...(iat !== undefined && { iat: iat + shift }),
    ...(iiat !== undefined && { iiat: iiat + shift }),
  }
  if (id === null) return here
  return {
    ...here,
    jti: id,
    ...(model === 'Interaction' && { returnTo: resumeUrl(id) }),
    ...(model === 'Session' && state && { state: mapResumeUrl(state, resumeUrl(''), open(id)) }),
  }
}

type State = NonNullable<AdapterPayload['state']>

/** A session on its way to another person's has the address in it at which that one goes on. */
function mapResumeUrl(state: State, prefix: string, change: (uid: string) => string): State {
  const { postLogoutRedirectUri: uri } = state
  if (typeof uri !== 'string' || !uri.startsWith(prefix)) return state
  return { ...state, postLogoutRedirectUri: prefix + change(uri.slice(prefix.length)) }
}

const IV_BYTES = 12
const TAG_BYTES = 16
const CIPHER = 'aes-256-gcm'
const keyFrom = (id: string) => createHash('sha256').update(`seal ${id}`).digest()

/** Encrypts with a key that only the holder of the record's id has. */
const seal =
  (id: string) =>
  (text: string): string => {
    const iv = randomBytes(IV_BYTES)
    const cipher = createCipheriv(CIPHER, keyFrom(id), iv)
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')
  }

const open =
  (id: string) =>
  (sealed: string): string => {
    const bytes = Buffer.from(sealed, 'base64url')
    const decipher = createDecipheriv(CIPHER, keyFrom(id), bytes.subarray(0, IV_BYTES))
    decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
    const body = bytes.subarray(IV_BYTES + TAG_BYTES)
    return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8')
  }
