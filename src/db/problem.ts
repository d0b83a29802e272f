import type { Words } from '../language.ts'
import { OperatorError } from '../operator-error.ts'

/** A database that cannot be used: what is wrong, and what to do about it, in both languages. */
export class DatabaseProblem extends OperatorError {
  readonly says: Words
  readonly fix: Words

  constructor({ says, fix }: { says: Words; fix: Words }, cause?: unknown) {
    super({ en: `${says.en} ${fix.en}`, zh: `${says.zh}${fix.zh}` }, { cause })
    this.says = says
    this.fix = fix
  }
}
