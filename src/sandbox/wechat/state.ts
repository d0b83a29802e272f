import { createCodes } from './codes.ts'
import { createFaults } from './faults.ts'
import { createRateWindow } from './rate-window.ts'
import { createTokens } from './tokens.ts'

const SECOND_MS = 1000
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

export type SandboxState = ReturnType<typeof createSandboxState>

/**
 * Everything the simulated WeChat remembers: in memory, bounded, gone with the process.
 * `now` is in ms since 1970; moving it moves every expiry and quota.
 */
export function createSandboxState({ appid, now }: { appid: string; now: () => number }) {
  return {
    now,
    tokens: createTokens({ now }),
    codes: createCodes({ appid, now }),
    faults: createFaults(),
    quotas: {
      stableMinute: createRateWindow({ limit: 10_000, windowMs: MINUTE_MS, now }),
      stableDay: createRateWindow({ limit: 500_000, windowMs: DAY_MS, now }),
      plainDay: createRateWindow({ limit: 2000, windowMs: DAY_MS, now }),
      codeImageMinute: createRateWindow({ limit: 5000, windowMs: MINUTE_MS, now }),
      linkSecond: createRateWindow({ limit: 100, windowMs: SECOND_MS, now }),
      linkDay: createRateWindow({ limit: 500_000, windowMs: DAY_MS, now }),
    },
  }
}
