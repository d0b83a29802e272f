import type { Connection, PoolUse } from '../db/pool.ts'
import type { Metrics } from './metrics.ts'
import { countCodeStock } from '../tickets/code-stock.ts'
import type { MiniProgram } from '../wechat/mini-program.ts'

/** What is read at each scrape, rather than counted when it happens. */
export function registerGauges(
  metrics: Metrics,
  of: {
    wechat: Pick<MiniProgram, 'health'>
    connection: Connection
    /** What the codes in stock are made for; null where there is no stock. */
    stock: string | null
  },
): void {
  const { wechat, connection, stock } = of
  metrics.gauge({
    name: 'scenepass_access_token_age_seconds',
    help: 'Since WeChat last gave the access token, which is asked for every 4 minutes; absent while there is none',
    collect: () => wechat.health().token?.age,
  })
  metrics.gauge({
    name: 'scenepass_access_token_expires_in_seconds',
    help: 'What is left of the access token; absent while there is none',
    collect: () => wechat.health().token?.expiresIn,
  })
  metrics.gauge({
    name: 'scenepass_wechat_paused',
    help: '1 while calls of this API fail at once because the last ones failed',
    label: 'api',
    collect: () =>
      Object.fromEntries(
        Object.entries(wechat.health().paused).map(([api, paused]) => [api, Number(paused)]),
      ),
  })
  registerPool(metrics, connection.poolUse)

  // Last, because it needs a connection itself.
  if (stock !== null) {
    metrics.gauge({
      name: 'scenepass_code_stock',
      help: 'Codes that lie ready, for all instances together',
      collect: () => countCodeStock(connection.db, stock),
    })
  }
}

function registerPool(metrics: Metrics, poolUse: () => PoolUse): void {
  metrics.gauge({
    name: 'scenepass_db_pool_connections',
    help: 'Connections to the database, by what they do',
    label: 'state',
    collect: () => {
      const { total, idle } = poolUse()
      return { busy: total - idle, idle }
    },
  })
  metrics.gauge({
    name: 'scenepass_db_pool_max_connections',
    help: 'Connections this instance may open: DATABASE_POOL, or the one of the embedded database',
    collect: () => poolUse().max,
  })
  metrics.gauge({
    name: 'scenepass_db_pool_waiting',
    help: 'Statements that wait for a connection',
    collect: () => poolUse().waiting,
  })
}
