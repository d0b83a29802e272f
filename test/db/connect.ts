import { sql } from 'kysely'
import t from 'tap'
import { databases } from '../fixtures/database.ts'

for (const { name, open } of databases) {
  t.test(`${name} answers through one Kysely`, async (t) => {
    const { db } = await open(t)
    const { rows } = await sql<{ n: number; b: Uint8Array }>`
      select ${2}::int as n, ${Buffer.from([1, 255])}::bytea as b
    `.execute(db)
    t.equal(rows[0]?.n, 2)
    t.same([...(rows[0]?.b ?? [])], [1, 255])
  })
}
