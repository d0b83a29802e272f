/**
 * What holds before anything else of a program is loaded: an old Node.js would stop at the first line
 * that it cannot read, and as process 1 of a container a signal without a handler does nothing. So this
 * file imports nothing, and is written in words that old versions know.
 */

/** The first version with all that is used: `engines` in package.json. */
const OLDEST = { major: 20, minor: 19 }
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** Until it is called, a signal ends the process at once. */
export type HandOver = () => void

/**
 * Loads and runs a program. Where it cannot be loaded, there is a sentence, and exit status 1.
 *
 * @param main loads the program with `import()`, and runs it; it hands over the signals once it takes
 *   them itself
 */
export async function boot(main: (handOver: HandOver) => Promise<void>): Promise<void> {
  const node = process.versions.node
  const [major = 0, minor = 0] = node.split('.').map(Number)
  if (major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor)) {
    const oldest = `${OLDEST.major}.${OLDEST.minor}`
    say(
      `ScenePass 需要 Node.js ${oldest} 或更高版本，当前是 ${node}。请升级 Node.js（推荐 24）后再启动。`,
      `ScenePass needs Node.js ${oldest} or newer, and this is ${node}. Install a newer one (24 is recommended), and start again.`,
    )
    process.exit(1)
  }
  // No request is under way yet; what a database was doing is rolled back, or recovered from.
  const stop = () => process.exit(0)
  for (const signal of SIGNALS) process.on(signal, stop)
  const handOver = () => SIGNALS.forEach((signal) => process.off(signal, stop))
  try {
    await main(handOver)
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown }
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error
    const missing = /'([^']+)'/.exec(String(message))?.[1] ?? String(message)
    say(
      `安装不完整：缺少 ${missing}。请在 ScenePass 的目录中执行 npm ci，再启动。`,
      `The installation is not complete: ${missing} is missing. Run "npm ci" in the folder of ScenePass, and start again.`,
    )
    process.exit(1)
  }
}

const say = (zh: string, en: string): void => void process.stderr.write(`${zh}\n${en}\n`)
