const DAY_MS = 86_400_000

/** Whole days that WeChat keeps a link, the most there is. */
export const LINK_DAYS = 30

/** One in a day, so that the one in use always has weeks to live. WeChat makes 500,000. */
const FRESH_MS = DAY_MS
/** An older one is not given out, also where WeChat makes no other. */
const STALE_MS = (LINK_DAYS - 1) * DAY_MS

/**
 * One URL Link for all scenes: any number of people may open it (since December 2023), and what stands
 * in its parameter `cq` reaches the mini program's page as a query of its own.
 *
 * @param make asks WeChat for a link without a query, which lives `LINK_DAYS`
 * @returns the link of a scene; of callers that come together one asks WeChat
 * @throws what `make` throws, where no link is held that still lives
 * @see https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/url-link.html
 */
export function createUrlLinks(
  make: (about?: object) => Promise<string>,
  now: () => number = () => performance.now(),
): (scene: string, about?: object) => Promise<string> {
  let held: { link: string; at: number } | null = null
  let making: Promise<string> | null = null

  async function renew(about?: object): Promise<string> {
    const at = now()
    const link = await make(about)
    held = { link, at }
    return link
  }

  async function current(about?: object): Promise<string> {
    const age = held ? now() - held.at : Infinity
    if (held && age < FRESH_MS) return held.link
    making ??= renew(about).finally(() => (making = null))
    try {
      return await making
    } catch (error) {
      if (held && age < STALE_MS) return held.link
      throw error
    }
  }

  return async (scene, about) => {
    const link = new URL(await current(about))
    link.searchParams.set('cq', `scene=${scene}`)
    return link.href
  }
}
