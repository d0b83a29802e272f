import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'
import type { Words } from '../language.ts'
import { failed, ok, unchecked, warning, type Finding } from './finding.ts'

const WARN_MS = 5_000
const BAD_MS = 60_000

/** How far our clock is ahead of another one, and how exactly that is known. Milliseconds. */
type Offset = { aheadMs: number; giveOrTakeMs: number }

/**
 * Ours against the one that decides every expiry and dates the login tokens.
 *
 * @param options.oidc whether there are id_tokens, which the library dates by our clock
 */
export async function checkDatabaseClock(
  db: Db,
  now: () => number,
  { oidc }: { oidc: boolean },
): Promise<Finding> {
  const before = now()
  const { rows } = await sql<{ ms: number }>`
    select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms
  `.execute(db)
  const after = now()
  const theirs = rows[0]?.ms ?? NaN
  return judge(
    { aheadMs: (before + after) / 2 - theirs, giveOrTakeMs: (after - before) / 2 },
    { en: "the database's clock", zh: '数据库时钟' },
    oidc ? DATES_BOTH : DATES_LOGINS,
  )
}

const DATES_LOGINS: Words = {
  en: 'Login tokens are dated by the database: where its clock is wrong, sites take them for expired, or for not issued yet.',
  zh: '登录令牌的签发和到期时间取自数据库：数据库时钟不准时，网站会认为令牌已过期或尚未生效。',
}
const DATES_BOTH: Words = {
  en: 'Login tokens are dated by the database, and id_tokens of other apps by this machine: where a clock is wrong, sites and apps take them for expired, or for not issued yet.',
  zh: '登录令牌的时间取自数据库，其他应用的 id_token 的时间取自本机：时钟不准时，网站和应用会认为令牌已过期或尚未生效。',
}

/**
 * Ours against WeChat's `Date` header, which has whole seconds.
 *
 * @param heard the header, and our time before and after it came
 */
export function checkWechatClock(heard: {
  date: string | undefined
  before: number
  after: number
}): Finding {
  const theirs = Date.parse(heard.date ?? '')
  if (Number.isNaN(theirs)) {
    return unchecked({
      en: 'Not checked: the clock against WeChat, because its answer has no Date header.',
      zh: '未检查“与微信的时钟差”：因为微信的应答没有 Date 头。',
    })
  }
  const { before, after } = heard
  return judge(
    { aheadMs: (before + after) / 2 - theirs - 500, giveOrTakeMs: (after - before) / 2 + 500 },
    { en: "WeChat's clock", zh: '微信的时钟' },
    {
      en: 'Certificates are judged by the clock of this machine: where it is wrong, calls to WeChat fail, and the times in its log match no other log.',
      zh: '本机以自己的时钟判断证书是否有效：时钟不准会使对微信的调用失败，日志时间也无从对照。',
    },
  )
}

function judge({ aheadMs, giveOrTakeMs }: Offset, whose: Words, matters: Words): Finding {
  const apart = Math.max(0, Math.abs(aheadMs) - giveOrTakeMs)
  const seconds = (Math.abs(aheadMs) / 1000).toFixed(1)
  const [en, zh] = aheadMs < 0 ? ['behind', '慢'] : ['ahead of', '快']
  if (apart < WARN_MS) {
    return ok({
      en: `The clock of this machine agrees with ${whose.en} (${seconds} s apart).`,
      zh: `本机时钟与${whose.zh}一致（相差 ${seconds} 秒）。`,
    })
  }
  return (apart < BAD_MS ? warning : failed)(
    {
      en: `The clock of this machine is ${seconds} s ${en} ${whose.en}. ${matters.en}`,
      zh: `本机时钟比${whose.zh}${zh} ${seconds} 秒。${matters.zh}`,
    },
    {
      en: 'Let both machines keep time by NTP ("timedatectl set-ntp true"); what WeChat and the database say tells which of them is wrong.',
      zh: '请让两台机器都通过 NTP 校时（"timedatectl set-ntp true"）；对照微信和数据库两项即可看出是哪台不准。',
    },
  )
}
