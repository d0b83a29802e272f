import type { Words } from '../language.ts'
import { messageOf, OperatorError } from '../operator-error.ts'

/** Where a server is to listen, and what the operator calls it: the names of two settings or options. */
export type Listening = {
  host: string
  port: number
  names: { host: string; port: string }
}

/** What the system says of a name that it cannot find. */
const NO_NAME = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NONAME', 'EAI_NODATA', 'EAI_FAIL'])
/** What it says of an address that is another machine's, or of a kind that this one has not. */
const NOT_OURS = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL', 'ENETUNREACH', 'ENODEV'])
const FIRST_FREE_TO_ALL = 1024

/**
 * Lets a server listen.
 *
 * @throws {OperatorError} with what to change, where it cannot
 */
export async function listening<T>(at: Listening, listen: () => Promise<T>): Promise<T> {
  try {
    return await listen()
  } catch (error) {
    throw new OperatorError(whyNot(at, error), { cause: error })
  }
}

function whyNot({ host, port, names }: Listening, error: unknown): Words {
  const { code = '' } = error as { code?: string }
  if (code === 'EADDRINUSE') {
    return {
      en: `The port ${port} is in use. Stop the program that has it, or set ${names.port} to another one.`,
      zh: `端口 ${port} 已被占用。请停止占用它的程序，或把 ${names.port} 设为其他端口。`,
    }
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const low = port > 0 && port < FIRST_FREE_TO_ALL
    return {
      en: `This account may not listen on port ${port}${low ? `: ports below ${FIRST_FREE_TO_ALL} are for root` : ''}. Set ${names.port} to ${FIRST_FREE_TO_ALL} or more, such as 3000, and let a proxy pass on what comes to 80 and 443.`,
      zh: `当前账户无权监听端口 ${port}${low ? `：${FIRST_FREE_TO_ALL} 以下的端口仅限 root` : ''}。请把 ${names.port} 设为 ${FIRST_FREE_TO_ALL} 或更大的端口（如 3000），再由反向代理转发 80 和 443 端口。`,
    }
  }
  if (NO_NAME.has(code) || NOT_OURS.has(code)) {
    const what = NO_NAME.has(code)
      ? { en: 'a name that cannot be found', zh: '该名称无法解析' }
      : { en: 'no address of this machine', zh: '本机没有该地址' }
    return {
      en: `${names.host} is ${host}: ${what.en}. Unset it, or set it to 127.0.0.1 (this machine alone) or 0.0.0.0 (all its addresses). Some shells, such as conda's, set HOST for themselves.`,
      zh: `${names.host} 为 ${host}：${what.zh}。请取消该设置，或设为 127.0.0.1（仅本机）或 0.0.0.0（本机所有地址）。有些环境（如 conda）会自行设置 HOST。`,
    }
  }
  const reason = messageOf(error)
  return {
    en: `It cannot listen on ${host}, port ${port}: ${reason}. Check ${names.host} and ${names.port}.`,
    zh: `无法监听 ${host} 的端口 ${port}：${reason}。请检查 ${names.host} 和 ${names.port}。`,
  }
}
