/** Rows that one statement of a sweep takes: it holds its locks for milliseconds. */
export const BATCH = 500

/**
 * Runs a statement that takes up to `BATCH` rows until it finds fewer, or until told to stop.
 *
 * @param batch resolves with how many rows it took
 * @returns how many rows went
 */
export async function inBatches(
  batch: () => Promise<number>,
  signal?: AbortSignal,
): Promise<number> {
  let total = 0
  for (;;) {
    const count = await batch()
    total += count
    if (count < BATCH || signal?.aborted) return total
  }
}
