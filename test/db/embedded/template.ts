import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openPglite } from '../../../src/db/embedded/open-pglite.ts'
import { TEMPLATE, UNPACKING, unpackTemplate } from '../../../src/db/embedded/template.ts'
import { temporaryFolder } from '../../fixtures/network/child.ts'

t.test('the template is a database without any table, role or key of ours', async (t) => {
  const folder = temporaryFolder(t)
  t.equal(unpackTemplate(folder), true)
  t.notOk(existsSync(join(folder, UNPACKING)))
  const database = await openPglite(folder, () => {})
  t.teardown(() => database.close())
  const names = async (text: string) => (await database.query(text)).rows
  t.same(
    await names(`
      select relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace
      where nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
    `),
    [],
  )
  t.same(await names(`select rolname from pg_roles where rolname !~ '^pg_'`), [
    { rolname: 'postgres' },
  ])
})

t.test('one that was not unpacked to its end is unpacked again', async (t) => {
  const folder = temporaryFolder(t)
  unpackTemplate(folder)
  rmSync(join(folder, 'PG_VERSION'))
  rmSync(join(folder, 'global'), { recursive: true })
  writeFileSync(join(folder, UNPACKING), '')
  const database = await openPglite(folder, () => {})
  t.teardown(() => database.close())
  t.same((await database.query('select 1 as one')).rows, [{ one: 1 }])
})

t.test('without a template there is initdb', async (t) => {
  const folder = temporaryFolder(t)
  t.equal(unpackTemplate(folder, `${TEMPLATE}.none`), false)
  t.same(readdirSync(folder), [])
})
