import type { Words } from '../language.ts'

/** `unchecked`: it could not be looked at, so nothing is known about it. */
export type Status = 'ok' | 'warning' | 'failed' | 'unchecked'

/** What one check found and, where something is to be done about it, what. */
export type Finding = { status: Status; says: Words; fix: Words | null }

export const ok = (says: Words): Finding => ({ status: 'ok', says, fix: null })
export const warning = (says: Words, fix: Words): Finding => ({ status: 'warning', says, fix })
export const failed = (says: Words, fix: Words): Finding => ({ status: 'failed', says, fix })
export const unchecked = (says: Words, fix: Words | null = null): Finding => ({
  status: 'unchecked',
  says,
  fix,
})
