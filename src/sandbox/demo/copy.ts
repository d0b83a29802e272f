type Words = readonly [zh: string, en: string]

const DONE: Words = ['已复制', 'Copied']
const FAILED: Words = ['请手动复制', 'Copy it by hand']
const SHOWN_MS = 2_000

/**
 * Puts a text on the clipboard. Only secure pages have one of their own, and a trial from another machine
 * of the network is none: there a selection is copied as a person would.
 */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const field = document.createElement('textarea')
    field.value = text
    field.className = 'unseen'
    document.body.append(field)
    field.select()
    const done = document.execCommand('copy')
    field.remove()
    return done
  }
}

/**
 * Gives the section's copy buttons something to do; for a moment each says what came of it.
 *
 * @param textOf by the button's `data-copy`
 */
export function makeCopyable(section: HTMLElement, textOf: (what: string) => string): void {
  for (const button of section.querySelectorAll<HTMLButtonElement>('button[data-copy]')) {
    const [zh, en] = [button.querySelector('.zh'), button.querySelector('.en')]
    const usual: Words = [zh?.textContent ?? '', en?.textContent ?? '']
    const say = (words: Words): void => {
      if (zh) zh.textContent = words[0]
      if (en) en.textContent = words[1]
    }
    let timer: ReturnType<typeof setTimeout> | undefined
    button.addEventListener('click', async () => {
      const done = await copy(textOf(button.dataset['copy'] ?? ''))
      button.focus()
      say(done ? DONE : FAILED)
      clearTimeout(timer)
      timer = setTimeout(say, SHOWN_MS, usual)
    })
  }
}
