import { failed, ok, type Finding } from './finding.ts'

/** What does not fit, a sentence each. */
type Problems = { problems: readonly string[]; inChinese: readonly string[] }

export function settingsDoNotFit({ problems, inChinese }: Problems): Finding {
  return failed(
    {
      en: `The settings do not fit:\n${problems.map((each) => `- ${each}`).join('\n')}`,
      zh: `配置项有误：\n${inChinese.map((each) => `- ${each}`).join('\n')}`,
    },
    {
      en: 'Correct them in the environment or in .env.',
      zh: '请在环境变量或 .env 中改正；要求见 docs/settings.zh-CN.md。',
    },
  )
}

/** @param options.appids of the accounts; none in the sandbox */
export function settingsFit(options: { production: boolean; appids: readonly string[] }): Finding {
  const { production, appids } = options
  const who = appids.length === 0 ? null : `AppID ${appids.join(', ')}`
  return ok({
    en: `The settings fit: ${production ? 'production' : 'not production'}, ${who ?? 'sandbox'}.`,
    zh: `配置项无误：${production ? '生产环境' : '非生产环境'}，${who ?? '沙箱'}。`,
  })
}
