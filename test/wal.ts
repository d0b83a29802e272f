import pg from 'pg'
import t from 'tap'
import { SANDBOX_APPID, SANDBOX_SECRET } from '../src/config/sandbox.ts'
import { readConfig } from '../src/config/config.ts'
import { startService } from '../src/service.ts'
import { createLog } from '../src/telemetry/log.ts'
import { createCaller } from './bench/logins.ts'
import { largeCodes, measureWal } from './bench/wal.ts'
import { startApp } from './fixtures/app.ts'
import { startPostgres, stopPostgres, urlOf } from './fixtures/postgres/postgres.ts'

/** As the bench measures it, on a server that no other test writes to. */
const server = await startPostgres()
t.teardown(() => stopPostgres(server))
const { url: wechat } = await startApp(t)
const large = await largeCodes(`${wechat}/sandbox/wechat`)
t.teardown(() => large.close())

for (const stock of [0, 50]) {
  t.test(`with CODE_STOCK=${stock} a login costs 4 kB of write-ahead log at most`, async (t) => {
    const lines: string[] = []
    const service = await startService({
      config: readConfig({
        PORT: '0',
        DATABASE_URL: urlOf(server, 'postgres'),
        WECHAT_APPID: SANDBOX_APPID,
        WECHAT_SECRET: SANDBOX_SECRET,
        WECHAT_API_BASE: large.url,
        CODE_STOCK: String(stock),
        RATE_CREATE: '100000',
        RATE_PHONE: '100000',
      }),
      log: createLog('debug', { write: (line) => void lines.push(line) }),
    })
    t.teardown(() => service.stop())
    const database = new pg.Client(urlOf(server, 'postgres'))
    await database.connect()
    t.teardown(() => database.end())
    const open = (address: string) => createCaller(service.url, wechat, address)
    const bytes = await measureWal(database, open, { image: true, stock })
    const fromStock = lines.filter((line) => line.includes('"stock":true')).length
    t.equal(fromStock > 0, stock > 0, `${fromStock} codes from the stock`)
    t.ok(bytes > 1_000 && bytes <= 4_000, `${Math.round(bytes)} bytes`)
  })
}
