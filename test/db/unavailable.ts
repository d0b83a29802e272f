import { sql } from 'kysely'
import t from 'tap'
import { isUnavailable } from '../../src/db/unavailable.ts'
import { databases } from '../fixtures/postgres/database.ts'

const coded = (code: unknown, message = 'x') => Object.assign(new Error(message), { code })

t.test('what means "not now"', async (t) => {
  for (const code of [
    '08000', // connection_exception
    '08006', // connection_failure
    '57P01', // admin_shutdown
    '57P03', // cannot_connect_now
    '53300', // too_many_connections
    '53100', // disk_full
    '25006', // read_only_sql_transaction: a standby after a failover
    '57014', // query_canceled
    '55P03', // lock_not_available
    '40001', // serialization_failure: given up for others, again and again
    '40P01', // deadlock_detected
    'ECONNREFUSED',
    'ECONNRESET',
    'ETIMEDOUT',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'EPIPE',
    'ENOENT',
  ]) {
    t.ok(isUnavailable(coded(code)), code)
  }
  for (const message of [
    'timeout exceeded when trying to connect',
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Client has encountered a connection error and is not queryable',
    'Query read timeout',
    'Cannot use a pool after calling end on the pool',
    'PGlite is closed',
  ]) {
    t.ok(isUnavailable(new Error(message)), message)
  }
  const everywhere = new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')])
  t.ok(isUnavailable(everywhere), 'refused on every address of a name')
})

t.test('what means that a statement is wrong, or nothing at all', async (t) => {
  for (const error of [
    coded('23505'),
    coded('42P01'),
    coded('28P01'),
    coded('3D000'),
    coded('57'),
    coded('x08006x'),
    coded(8006),
    new Error('syntax error at or near "selekt"'),
    new AggregateError([new Error('x')]),
    'Query read timeout',
    null,
    undefined,
    { code: 'ECONNREFUSED' },
  ]) {
    t.notOk(isUnavailable(error), String(error))
  }
})

for (const { name, open } of databases) {
  t.test(`errors as ${name} really throws them`, async (t) => {
    const { db } = await open(t)
    const thrown = (work: Promise<unknown>) =>
      work.then(
        () => null,
        (error: unknown) => error,
      )

    await sql`insert into users (id) values ('11111111-1111-4111-8111-111111111111')`.execute(db)
    const twice = await thrown(
      sql`insert into users (id) values ('11111111-1111-4111-8111-111111111111')`.execute(db),
    )
    t.match(twice, { code: '23505' })
    t.notOk(isUnavailable(twice))

    const readOnly = await thrown(
      db.transaction().execute(async (tx) => {
        await sql`set transaction read only`.execute(tx)
        await sql`insert into users default values`.execute(tx)
      }),
    )
    t.match(readOnly, { code: '25006' })
    t.ok(isUnavailable(readOnly))
  })
}
