import type { AppStep } from './apps.ts'
import type { Figures, Part, Row, Words } from './figures.ts'

const STEP_WORDS: Record<AppStep, Words> = {
  authorize: { en: 'a browser comes (`/oidc/authorize`)', zh: '带来浏览器（`/oidc/authorize`）' },
  token: { en: 'the first tokens, with a refresh token', zh: '首批令牌，含刷新令牌' },
  userinfo: { en: 'userinfo', zh: 'userinfo' },
  refresh: { en: 'a refresh', zh: '刷新' },
  device: { en: 'a device asks for a code', zh: '设备请求代码' },
  poll: { en: 'a poll of a device', zh: '设备轮询一次' },
}

/** What the bench says of other apps; the ticket between is a login's. */
export const appsOf = ({ apps }: Pick<Figures, 'apps'>): Part[] => [
  { en: '### Other apps', zh: '### 其他应用' },
  [
    [
      { en: 'a call of an app, with `OIDC=on`', zh: '应用的一次调用，`OIDC=on`' },
      { en: 'CPU ms of the process', zh: '进程的 CPU 毫秒' },
      { en: 'CPU ms of the database', zh: '数据库的 CPU 毫秒' },
    ],
    ...Object.entries(STEP_WORDS).map(([step, words]): Row => {
      const { service, database } = apps[step as AppStep]
      return [words, service.toFixed(2), database === null ? '–' : database.toFixed(2)]
    }),
  ],
]
