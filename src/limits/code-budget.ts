import type { Counter } from './count.ts'

/**
 * WeChat makes 5,000 codes a minute for one AppID, of which the stock takes 3,000 at the most. So many
 * of the rest are made on demand, whichever instances make them.
 */
export const CODES_PER_MINUTE = 1_900
/** When half of them are gone, the rest is for networks that have had fewer than this. */
export const FAIR_SHARE = 5

/**
 * Takes one of the codes that may be made on demand in this minute. One line, or a few dozen lines
 * together, cannot take them all: the nearer the end, the more they are for those who asked least.
 *
 * @param network the address as limits count it
 * @param door whose codes they are: each account has a budget of its own
 * @returns 0, or in how many milliseconds there are codes again
 */
export async function takeCode(counter: Counter, network: string, door = 'codes'): Promise<number> {
  const [all, own] = await counter.count([door, `${network}:${door}`])
  if (!all || !own) throw new Error('two keys have two counts')
  if (all.current > CODES_PER_MINUTE) return all.ttl
  const unfair = all.current > CODES_PER_MINUTE / 2 && own.current > FAIR_SHARE
  return unfair ? own.ttl : 0
}
