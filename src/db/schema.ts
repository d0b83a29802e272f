import { sql } from 'kysely'
import { messageOf } from '../operator-error.ts'
import type { Db } from './pool.ts'
import { DatabaseProblem } from './problem.ts'

/** Where our tables are, and who we are there. */
export type Schema = { name: string; role: string; database: string }

const TABLE = 'kysely_migration'
const FIRST = '0001_tickets'

/**
 * The schema in which new tables are made: the first one of `search_path` that is there and that we
 * may use. In it alone our tables are looked for; others belong to other programs, or to another
 * ScenePass.
 *
 * @throws {DatabaseProblem} when there is none, or when it has the migrations of another program
 */
export async function schemaOf(db: Db): Promise<Schema> {
  const { rows } = await sql<{ name: string | null; path: string } & Omit<Schema, 'name'>>`
    select
      current_schema() as name,
      current_setting('search_path') as path,
      current_user as role,
      current_database() as database
  `.execute(db)
  const { name = null, path = '', role = '', database = '' } = rows[0] ?? {}
  if (name === null) throw noSchema(path, role)
  const schema = { name, role, database }
  const found = await foreignMigrations(db, schema)
  if (found.length > 0) throw foreign(schema, found)
  return schema
}

/** Migrations in our schema that another program of Kysely's has left there; none in an empty one. */
async function foreignMigrations(db: Db, { name, role }: Schema): Promise<string[]> {
  const table = sql.table(`${name}.${TABLE}`)
  const { rows } = await sql<{ there: boolean; readable: boolean | null }>`
    select oid is not null as there, has_table_privilege(oid, 'select') as readable
    from (select to_regclass(format('%I.%I', ${name}::text, ${TABLE}::text)) as oid) as found
  `.execute(db)
  if (rows[0]?.there !== true) return []
  if (rows[0].readable === false) throw notOurs(name, role)
  const names = await sql<{ name: string }>`select name from ${table} order by name`.execute(db)
  const found = names.rows.map((row) => row.name)
  return found.includes(FIRST) ? [] : found
}

const noSchema = (path: string, role: string): DatabaseProblem =>
  new DatabaseProblem({
    says: {
      en: `There is no schema for the tables: of search_path (${path}) none exists that ${role} may use.`,
      zh: `没有可存放表的模式：search_path（${path}）中没有 ${role} 可以使用的模式。`,
    },
    fix: {
      en: `As the administrator of PostgreSQL, run "create schema NAME authorization ${role}" (or "grant usage, create on schema NAME to ${role}"), or correct search_path in DATABASE_URL.`,
      zh: `请以 PostgreSQL 管理员身份执行 "create schema 模式名 authorization ${role}"（或 "grant usage, create on schema 模式名 to ${role}"），或改正 DATABASE_URL 中的 search_path。`,
    },
  })

const OWN_SCHEMA = {
  en: 'Give ScenePass a database of its own, or a schema: "create schema scenepass", and options=-c%20search_path%3Dscenepass in DATABASE_URL.',
  zh: '请给 ScenePass 单独的数据库，或单独的模式：执行 "create schema scenepass"，并在 DATABASE_URL 中加上 options=-c%20search_path%3Dscenepass。',
}

const foreign = ({ name }: Schema, found: string[]): DatabaseProblem =>
  new DatabaseProblem({
    says: {
      en: `The schema ${name} belongs to another program, whose migrations are in its table ${TABLE}: ${found.slice(0, 3).join(', ')}.`,
      zh: `模式 ${name} 属于另一个程序，其迁移记录在表 ${TABLE} 中：${found.slice(0, 3).join('、')}。`,
    },
    fix: OWN_SCHEMA,
  })

const notOurs = (name: string, role: string): DatabaseProblem =>
  new DatabaseProblem({
    says: {
      en: `The role ${role} may not read the table ${TABLE} in the schema ${name}: the tables there belong to another role.`,
      zh: `角色 ${role} 无权读取模式 ${name} 中的表 ${TABLE}：那里的表属于另一个角色。`,
    },
    fix: {
      en: `Use the role that owns them in DATABASE_URL. ${OWN_SCHEMA.en}`,
      zh: `请在 DATABASE_URL 中使用拥有这些表的角色。${OWN_SCHEMA.zh}`,
    },
  })

/**
 * What to say of a migration that failed; nothing of it has stayed.
 *
 * @param migration its name; null where it had not come to the first one yet
 */
export function migrationProblem(
  error: unknown,
  migration: string | null,
  schema: Schema,
): DatabaseProblem {
  const reason = messageOf(error)
  const says = {
    en: `${migration === null ? 'The migrations could not begin' : `The migration ${migration} failed`} and nothing was changed: ${reason}.`,
    zh: `${migration === null ? '数据库迁移未能开始' : `迁移 ${migration} 失败`}，没有任何改动：${reason}。`,
  }
  const { code = '' } = (error ?? {}) as { code?: string }
  return new DatabaseProblem({ says, fix: fixOf(code, reason, schema) }, error)
}

function fixOf(code: string, reason: string, { name, role, database }: Schema) {
  const [inSchema, as, all] = [name, role, database].map(quoted)
  if (code === '42501' && /for (schema|database)/.test(reason)) {
    return {
      en: `As the administrator of PostgreSQL, run "alter database ${all} owner to ${as}" for a database of its own, or "grant create on schema ${inSchema} to ${as}" in it.`,
      zh: `请以 PostgreSQL 管理员身份执行 "alter database ${all} owner to ${as}"（专用的库），或在该库中执行 "grant create on schema ${inSchema} to ${as}"。`,
    }
  }
  if (code === '42501') {
    return {
      en: `Run the migrations as the role that owns the tables; ${role} does not.`,
      zh: `请用拥有这些表的角色执行迁移；${role} 不是。`,
    }
  }
  // Something of this name is there already: a table, a type, a constraint.
  if (/^(42P07|42710|42P06|42701)$/.test(code)) {
    return {
      en: `Another program has put it into the schema ${name}. ${OWN_SCHEMA.en}`,
      zh: `它是另一个程序放进模式 ${name} 的。${OWN_SCHEMA.zh}`,
    }
  }
  if (code === '25006') {
    return {
      en: 'This is a standby, or a primary that is read-only now: name the primary in DATABASE_URL.',
      zh: '这是备库，或当前只读的主库：请在 DATABASE_URL 中写上主库。',
    }
  }
  return {
    en: 'Mend that and start again.',
    zh: '请排除该问题后重新启动。',
  }
}

const quoted = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
