import type { Words } from '../language.ts'
import { OperatorError } from '../operator-error.ts'
import { shapeOf, type Settings } from './settings.ts'
import { shapesInChinese } from './shapes-zh.ts'

/** Every problem of the settings at once, one sentence each. */
export class ConfigError extends OperatorError {
  /** In English; each begins with the setting's name. */
  readonly problems: readonly string[]
  readonly inChinese: readonly string[]

  constructor(problems: readonly Words[]) {
    const listed = (lines: string[]) => lines.map((line) => `  - ${line}`).join('\n')
    super({
      en: `The settings do not fit:\n${listed(problems.map(({ en }) => en))}`,
      zh: `配置项有误，请在环境变量或 .env 中改正：\n${listed(problems.map(({ zh }) => zh))}`,
    })
    this.name = 'ConfigError'
    this.problems = problems.map(({ en }) => en)
    this.inChinese = problems.map(({ zh }) => zh)
  }
}

/**
 * A value of the wrong shape.
 *
 * @param found what was found instead, where it is no secret, and what to write
 */
export const wrongShape = (name: keyof Settings, found?: Words): Words => ({
  en: `${name} must be ${shapeOf(name)}${found ? `; ${found.en}` : ''}`,
  zh: `${name} 应为：${shapesInChinese[name]}${found ? `；${found.zh}` : ''}`,
})
