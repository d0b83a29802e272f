import autocannon from 'autocannon'

/** The load generator, in a process of its own: its parent sends a plan and gets a result. */
export type Plan = {
  url: string
  paths: { path: string; secret: string }[]
  connections: number
  seconds: number
  /** Requests a second over all connections; as many as possible when left out. */
  rate?: number
}
export type Result = { perSecond: number; total: number; p50: number; p99: number; non2xx: number }

process.on('message', async (plan: Plan) => {
  const { connections, paths } = plan
  const share = Math.max(1, Math.floor(paths.length / connections))
  let next = 0
  const result = await autocannon({
    url: plan.url,
    connections,
    duration: plan.seconds,
    ...(plan.rate ? { overallRate: plan.rate } : {}),
    setupClient: (client) => {
      const mine = paths.slice(next, next + share)
      next = (next + share) % paths.length
      client.setRequests(
        mine.map(({ path, secret }) => ({
          method: 'GET' as const,
          path,
          headers: { authorization: `Bearer ${secret}` },
        })),
      )
    },
  })
  process.send?.({
    perSecond: result.requests.average,
    total: result.requests.total,
    p50: result.latency.p50,
    p99: result.latency.p99,
    non2xx: result.non2xx + result.errors,
  } satisfies Result)
})
