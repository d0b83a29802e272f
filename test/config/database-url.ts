import t from 'tap'
import { shapeOf } from '../../src/config/settings.ts'
import { problemsOf as problemsOfAll } from '../fixtures/config.ts'

const problemsOf = (env: Record<string, string>) =>
  problemsOfAll({ NODE_ENV: 'development', ...env })

t.test('a database URL that asks for what is not there says what', async (t) => {
  t.match(problemsOf({ DATABASE_URL: 'postgres://a,b/x?target_session_attrs=standby' }), [
    /^DATABASE_URL must lead to the primary: /,
  ])
  t.match(problemsOf({ DATABASE_URL: 'postgres://a/x?schema=y' }), [
    /^DATABASE_URL has the parameter schema, .*options=-c%20search_path%3DNAME$/,
  ])
})

t.test('every form of it is taken', async (t) => {
  for (const DATABASE_URL of [
    'postgres://me:pw@/x?host=/run/pg',
    'postgres://me:pw@%2Frun%2Fpg/x',
    'socket:/run/pg?db=x',
    'postgres://me:pw@[::1]/x',
    'postgres://me:pw@a:1,b:2/x?target_session_attrs=read-write',
  ]) {
    t.same(problemsOf({ DATABASE_URL }), [], DATABASE_URL)
  }
  const DATABASE_READ_URL = 'postgres://a,b/x?target_session_attrs=standby'
  t.same(problemsOf({ DATABASE_URL: 'postgres://localhost/x', DATABASE_READ_URL }), [])
})

t.test('a database URL that nothing can read is a problem of the settings', async (t) => {
  for (const DATABASE_URL of ['postgres://me:p#ss@db.example/x', 'postgres://db.example:port/x']) {
    t.same(problemsOf({ DATABASE_URL }), [`DATABASE_URL must be ${shapeOf('DATABASE_URL')}`])
  }
})

t.test('an embedded database has no read replica', async (t) => {
  t.match(problemsOf({ DATABASE_READ_URL: 'postgres://localhost/x' }), [
    /^DATABASE_READ_URL must be empty with the embedded database/,
  ])
})
