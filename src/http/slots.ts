/**
 * Lets so many of a key's callers go on at a time; the others wait for their turn, in order. It
 * remembers a key only while it has callers.
 *
 * @returns runs work in a turn of its key
 */
export function createSlots(most: number): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const keys = new Map<string, { free: number; queue: (() => void)[] }>()

  return async (key, work) => {
    let slots = keys.get(key)
    if (!slots) keys.set(key, (slots = { free: most, queue: [] }))
    const { queue } = slots
    if (slots.free > 0) slots.free--
    else await new Promise<void>((go) => queue.push(go))
    try {
      return await work()
    } finally {
      const next = queue.shift()
      if (next) next()
      else if (++slots.free === most) keys.delete(key)
    }
  }
}
