import type { Words } from '../language.ts'
import { messageOf } from '../operator-error.ts'
import { failed, unchecked, type Finding } from './finding.ts'
import type { CheckName, Planned } from './plan.ts'

export type Result = Finding & { name: CheckName }

/** How each check is done. What can never be reached, because of what it needs, may be missing. */
export type Checks = Partial<Record<CheckName, () => Promise<Finding>>>

/**
 * Runs all checks, side by side where none needs another, and tells of each in the order of the
 * plan. A check whose needs are not met is not run: it says why.
 *
 * @param onResult called with each result in turn, and the check that is awaited next
 */
export async function runChecks(
  plan: readonly Planned[],
  checks: Checks,
  onResult: (result: Result, next: Planned | undefined) => void,
): Promise<Result[]> {
  const running = new Map<CheckName, Promise<Result>>()
  /** What each unmet need comes from in the end: its own title, or that of one before it. */
  const roots = new Map<CheckName, { title: Words; failed: boolean }>()
  for (const each of plan) running.set(each.name, result(each))

  async function result({ name, title, needs }: Planned): Promise<Result> {
    for (const need of needs) {
      const before = await (running.get(need) as Promise<Result>)
      if (before.status === 'ok' || before.status === 'warning') continue
      const of = (plan.find((each) => each.name === need) as Planned).title
      const root = roots.get(need) ?? { title: of, failed: before.status === 'failed' }
      roots.set(name, root)
      return { name, ...unchecked(because(title, root.title, root.failed)) }
    }
    try {
      return { name, ...(await (checks[name] as () => Promise<Finding>)()) }
    } catch (error) {
      return { name, ...broken(title, error) }
    }
  }

  const results: Result[] = []
  for (const [index, { name }] of plan.entries()) {
    const done = await (running.get(name) as Promise<Result>)
    results.push(done)
    onResult(done, plan[index + 1])
  }
  return results
}

/** The work is done when the first one asks, and once for all of them. */
export function once<T>(work: () => Promise<T>): () => Promise<T> {
  let begun: Promise<T> | undefined
  return () => (begun ??= work())
}

function because(title: Words, need: Words, hasFailed: boolean): Words {
  return hasFailed
    ? {
        en: `Not checked: ${title.en}, because ${need.en} did not pass.`,
        zh: `未检查“${title.zh}”：因为“${need.zh}”未通过。`,
      }
    : {
        en: `Not checked: ${title.en}, because ${need.en} could not be checked.`,
        zh: `未检查“${title.zh}”：因为“${need.zh}”无法检查。`,
      }
}

function broken(title: Words, error: unknown): Finding {
  const reason = messageOf(error)
  return failed(
    {
      en: `The check itself failed, of ${title.en}: ${reason}.`,
      zh: `检查“${title.zh}”时出错：${reason}。`,
    },
    {
      en: 'Run it again. If the problem persists, it is a fault of ScenePass: please report it.',
      zh: '请重新运行。若持续如此，则是 ScenePass 的缺陷，请向我们报告。',
    },
  )
}
