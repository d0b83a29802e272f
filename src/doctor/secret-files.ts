import { failed, ok, type Finding } from './finding.ts'

/**
 * Are the files with secrets for the service alone?
 *
 * @param options.files those that the settings name
 * @param options.open those of them that other accounts can read or change
 * @param options.command what closes them
 */
export function checkSecretFiles(options: {
  files: readonly string[]
  open: readonly string[]
  command: string
}): Finding {
  const { files, open, command } = options
  if (open.length === 0) {
    return ok({
      en: `No other account of this machine can read the files with secrets (${files.join(', ')}).`,
      zh: `本机的其他账户读不到含机密的文件（${files.join('、')}）。`,
    })
  }
  return failed(
    {
      en: `Other accounts of this machine can read or change ${open.join(', ')}, and so sign in as any user or call WeChat in your name.`,
      zh: `本机的其他账户可以读取或改动 ${open.join('、')}，从而能以任何身份登录，或以您的名义调用微信接口。`,
    },
    {
      en: `Run "${command}" as the account of the service. If they have been readable for long, renew the secrets in them.`,
      zh: `请用运行服务的账户执行 "${command}"。若这些文件已长期可读，请更换其中的机密。`,
    },
  )
}
