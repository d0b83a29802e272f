import type { Words } from '../language.ts'

/** A database that cannot be used: what is wrong, and what to do about it, in both languages. */
export class DatabaseProblem extends Error {
  readonly says: Words
  readonly fix: Words

  constructor({ says, fix }: { says: Words; fix: Words }, cause?: unknown) {
    super(`${says.en} ${fix.en}`, { cause })
    this.says = says
    this.fix = fix
  }
}
