import type { Step, StepCost } from './logins.ts'
import { kb, ms, whole, type Figures, type Part, type Row, type Words } from './figures.ts'
import { IMAGE_BYTES } from './wal.ts'

const STEP_WORDS: Record<Step, Words> = {
  create: { en: 'create', zh: '创建' },
  image: { en: 'code image, made on demand', zh: '取码（现做）' },
  scan: { en: 'scan', zh: '扫码' },
  confirm: { en: 'confirm', zh: '确认' },
  deliver: { en: 'deliver', zh: '交付' },
}

/** What the bench says of logins. */
export function loginsOf(figures: Figures): Part[] {
  const { codesFromStock, codesOnDemand, wal, wechatDelayMs } = figures
  const sum = (of: keyof StepCost): string =>
    Object.values(figures.steps)
      .reduce((total, cost) => total + (cost[of] ?? Number.NaN), 0)
      .toFixed(2)
  return [
    { en: '### Logins and code images', zh: '### 登录与小程序码' },
    [
      [
        { en: 'measure', zh: '指标' },
        { en: 'per second', zh: '每秒' },
      ],
      [
        {
          en: 'whole logins (create, code image, scan, confirm, deliver)',
          zh: '完整登录（创建、取码、扫码、确认、交付）',
        },
        whole(figures.loginsPerSecond),
      ],
      [
        { en: 'raw commits of that database', zh: '同一数据库的裸提交' },
        whole(figures.commitsPerSecond),
      ],
    ],
    [
      [
        { en: 'a step of a login', zh: '登录的一步' },
        { en: 'CPU ms of the process', zh: '进程的 CPU 毫秒' },
        { en: 'CPU ms of the database', zh: '数据库的 CPU 毫秒' },
      ],
      ...Object.entries(STEP_WORDS).map(([step, words]): Row => {
        const { service, database } = figures.steps[step as Step]
        return [words, service.toFixed(2), database === null ? '–' : database.toFixed(2)]
      }),
      [{ en: 'all of them', zh: '合计' }, sum('service'), sum('database')],
    ],
    [
      [
        { en: 'time to the code image', zh: '取得小程序码的时间' },
        { en: 'median', zh: '中位' },
        { en: 'worst', zh: '最差' },
      ],
      [
        { en: 'from the stock', zh: '从库存取' },
        ms(codesFromStock.median),
        ms(codesFromStock.worst),
      ],
      [
        {
          en: `without a stock, WeChat answering in ${wechatDelayMs} ms`,
          zh: `没有库存，微信 ${wechatDelayMs} 毫秒应答`,
        },
        ms(codesOnDemand.median),
        ms(codesOnDemand.worst),
      ],
    ],
    [
      [
        {
          en: `whole logins, code images of ${whole(IMAGE_BYTES)} bytes`,
          zh: `完整登录，小程序码图片 ${whole(IMAGE_BYTES)} 字节`,
        },
        {
          en: 'write-ahead log of a login',
          zh: '每次登录的预写日志',
        },
      ],
      [{ en: 'from a stock of 50', zh: '从 50 个的库存取' }, kb(wal.fromStock)],
      [{ en: 'without a stock', zh: '没有库存' }, kb(wal.onDemand)],
      [
        { en: 'no code image at all, the lower bound', zh: '完全不取图片（下限）' },
        kb(wal.withoutImage),
      ],
    ],
    { en: '### How it was measured', zh: '### 测量条件' },
  ]
}
