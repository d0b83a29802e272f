import { readFileSync } from 'node:fs'
import type { Words } from '../language.ts'
import { OperatorError } from '../operator-error.ts'
import { misspeltNames } from './misspelt.ts'

const FILE = '.env'

/**
 * The settings in the file `.env` of the current folder; none where there is no such file.
 *
 * @throws {OperatorError} where it cannot be read, or a line of it is not what it was meant to be
 */
export function readDotEnv(file = FILE): Record<string, string> {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return {}
    throw new OperatorError(unreadable(file, code, message), { cause: error })
  }
  return parseDotEnv(bytes, file)
}

function unreadable(file: string, code: string | undefined, message: string): Words {
  if (code === 'EISDIR') {
    return {
      en: `${file} is a folder; settings are read from a file of this name. Remove or rename the folder, or put the settings into the environment.`,
      zh: `${file} 是一个文件夹，而配置应写在同名文件中。请删除或重命名该文件夹，或把配置放进环境变量。`,
    }
  }
  return {
    en: `${file} cannot be read (${code ?? message}). Give it to the account that runs ScenePass: chown it, then chmod 600 ${file}.`,
    zh: `无法读取 ${file}（${code ?? message}）。请让运行 ScenePass 的账户能读取它：先 chown，再 chmod 600 ${file}。`,
  }
}

/**
 * Reads NAME=value lines as Node.js does, but refuses what that would silently read as something else.
 * Values are never in a message: they may be secrets.
 *
 * @param file its name, for the messages
 * @throws {OperatorError} with every problem, each with its line
 */
export function parseDotEnv(bytes: Buffer, file = FILE): Record<string, string> {
  const text = decode(bytes, file)
  const values: Record<string, string> = {}
  const problems: Words[] = []
  const complain = (line: number, { en, zh }: Words) =>
    void problems.push({ en: `${file}, line ${line}: ${en}`, zh: `${file} 第 ${line} 行：${zh}` })

  const lines = text.split(/\r\n|\n|\r/)
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    if (/^\s*(#|$)/.test(line)) continue
    const number = at + 1
    const [, name, rest = ''] = ASSIGNMENT.exec(line) ?? []
    if (name === undefined) {
      complain(number, NO_ASSIGNMENT)
      continue
    }
    if (line.includes('\uFFFD')) complain(number, NO_UTF8)
    const quote = /^["'`]/.exec(rest)?.[0]
    if (quote === undefined) {
      const value = rest.replace(/(^|\s)#.*$/, '').trim()
      // A # right behind the = is meant: it begins a colour.
      if (value.includes('#') || /^[^=]*=#\S/.test(line)) complain(number, cutBy(name))
      values[name] = value
      continue
    }
    // A quoted value may go on over several lines, as a JSON document does.
    let value = rest.slice(1)
    while (!value.includes(quote) && at + 1 < lines.length) value += `\n${lines[++at] ?? ''}`
    const end = value.indexOf(quote)
    if (end < 0) {
      complain(number, notClosed(name, quote))
      break
    }
    if (!/^\s*(#.*)?$/.test(value.slice(end + 1))) complain(number, afterQuote(name, quote))
    values[name] = quote === '"' ? value.slice(0, end).replaceAll('\\n', '\n') : value.slice(0, end)
  }
  for (const { name, meant } of misspeltNames(Object.keys(values))) {
    const number = lines.findIndex((line) => ASSIGNMENT.exec(line)?.[1] === name) + 1
    complain(number, noSetting(name, meant))
  }
  if (problems.length > 0) throw new OperatorError(together(problems))
  return values
}

const ASSIGNMENT = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*=\s*(.*)$/

/** Windows' editors put a mark before UTF-8, which no name begins with, and some write UTF-16. */
function decode(bytes: Buffer, file: string): string {
  const isUtf16 = /^(fffe|feff)/.test(bytes.toString('hex', 0, 2)) || bytes.includes(0)
  if (isUtf16) {
    throw new OperatorError({
      en: `${file} is UTF-16, as Windows' editors and PowerShell's > write it. Save it as UTF-8.`,
      zh: `${file} 是 UTF-16 编码（Windows 编辑器或 PowerShell 的 > 会这样写）。请另存为 UTF-8。`,
    })
  }
  return bytes.toString('utf8').replace(/^\uFEFF/, '')
}

const together = (problems: readonly Words[]): Words => ({
  en: problems.map(({ en }) => en).join('\n'),
  zh: problems.map(({ zh }) => zh).join('\n'),
})

const NO_ASSIGNMENT: Words = {
  en: 'neither empty, nor a comment (#), nor NAME=value. Correct or remove it.',
  zh: '既不是空行、注释（#），也不是 NAME=value。请改正或删除。',
}

const NO_UTF8: Words = {
  en: 'not UTF-8. Save the file as UTF-8.',
  zh: '不是 UTF-8 编码。请把文件另存为 UTF-8。',
}

const cutBy = (name: string): Words => ({
  en: `the # would cut the value of ${name}. Put the value into quotes, or a space before the # of a comment.`,
  zh: `# 会截断 ${name} 的值。请给值加上引号；若是注释，请在 # 前加空格。`,
})

const notClosed = (name: string, quote: string): Words => ({
  en: `the value of ${name} begins with ${quote}, and no ${quote} ends it. Add it, or remove the first.`,
  zh: `${name} 的值以 ${quote} 开头，却没有对应的 ${quote} 结尾。请补上，或去掉开头的那个。`,
})

const afterQuote = (name: string, quote: string): Words => ({
  en: `something follows the ${quote} that ends the value of ${name}. Use another kind of quotes around a value with ${quote} in it.`,
  zh: `${name} 的值在 ${quote} 结束之后还有内容。值里含有 ${quote} 时，请改用另一种引号。`,
})

const noSetting = (name: string, meant: string): Words => ({
  en: `there is no setting ${name}. Is it ${meant}? If it belongs to another program, set ${meant} as well.`,
  zh: `没有名为 ${name} 的配置项，是不是 ${meant}？若它属于其他程序，请同时设置 ${meant}。`,
})
