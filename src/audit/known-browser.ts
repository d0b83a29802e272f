import { sql, type RawBuilder } from 'kysely'

/** So many of a user's logins are looked at, the latest: this read has an end for every user. */
const LATEST = 500

/**
 * Whether a user has signed in from such a browser before, as far back as the audit trail is kept:
 * the same name in any version, on the same system. Null matches only null, so a browser that
 * hides its name is told, too. After a merge of two users the logins of the one that went do not
 * count: one notice too many, once. For use in another statement.
 *
 * @param user their id, as an expression of SQL
 */
export function knownBrowser(
  user: RawBuilder<unknown>,
  { browser, os }: { browser: string | null; os: string | null },
): RawBuilder<unknown> {
  const name = browser === null ? null : browser.replace(/ [0-9]+$/, '')
  return sql`exists (
    select
    from (
      select requested_browser, requested_os
      from logins
      where user_id = (${user})
        and outcome = 'confirmed'
      order by created_at desc
      limit ${LATEST}
    ) as latest
    where regexp_replace(requested_browser, ' [0-9]+$', '') is not distinct from ${name}::text
      and requested_os is not distinct from ${os}::text
  )`
}
