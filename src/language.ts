export type Language = 'en' | 'zh'

/** The same in both languages. */
export type Words = Record<Language, string>

const HAN = /\p{Script=Han}/u
const isWestern = (character: string | undefined): boolean =>
  character !== undefined &&
  /[\p{L}\p{N}]/u.test(character) &&
  !/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(character)

/**
 * A name within a Chinese sentence. Letters and digits stand off from Chinese characters by a space;
 * Chinese has none between its own.
 *
 * @param write makes markup of the name
 */
export function spaced(
  before: string,
  name: string,
  after = '',
  write = (name: string): string => name,
): string {
  const [first, last] = [[...name][0], [...name].at(-1)]
  const gapBefore = isWestern(first) && HAN.test([...before].at(-1) ?? '') ? ' ' : ''
  const gapAfter = isWestern(last) && HAN.test([...after][0] ?? '') ? ' ' : ''
  return `${before}${gapBefore}${write(name)}${gapAfter}${after}`
}
