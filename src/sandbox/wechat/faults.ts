import { Type, type Static } from 'typebox'

export const APIS = [
  'stable_token',
  'token',
  'getwxacodeunlimit',
  'generate_urllink',
  'code2session',
] as const
export type Api = (typeof APIS)[number]

/** What goes wrong in the next `times` calls of one API (1 unless said). The delay comes first. */
export const faultSchema = Type.Object(
  {
    api: Type.Union(APIS.map((api) => Type.Literal(api))),
    errcode: Type.Optional(Type.Integer()),
    delay_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 60_000 })),
    http_status: Type.Optional(Type.Integer({ minimum: 200, maximum: 599 })),
    hang_up: Type.Optional(Type.Boolean()),
    times: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  },
  { additionalProperties: false },
)
export type Fault = Static<typeof faultSchema>

/** The planned misbehaviour, one fault an API (a new one replaces it), and the count of calls. */
export function createFaults() {
  const planned = new Map<Api, { fault: Fault; left: number }>()
  const counts: Record<Api, number> = {
    stable_token: 0,
    token: 0,
    getwxacodeunlimit: 0,
    generate_urllink: 0,
    code2session: 0,
  }

  return {
    plan(fault: Fault): void {
      planned.set(fault.api, { fault, left: fault.times ?? 1 })
    },

    clear: (): void => planned.clear(),

    calls: (): Record<Api, number> => ({ ...counts }),

    /** Counts a call; the fault it has to suffer, if any. */
    arrive(api: Api): Fault | undefined {
      counts[api] += 1
      const plan = planned.get(api)
      if (plan === undefined) return undefined
      plan.left -= 1
      if (plan.left === 0) planned.delete(api)
      return plan.fault
    },
  }
}
