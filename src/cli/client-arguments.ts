import { parseArgs, type ParseArgsConfig } from 'node:util'
import type { Words } from '../language.ts'
import { UsageError } from './command.ts'

/** What is typed after `scenepass clients COMMAND`. */
export type ClientArguments = {
  /** What stands there without an option: an id. */
  id: string | undefined
  name: string | undefined
  /** undefined: not given; empty: `--no-redirect`. */
  redirect: string[] | undefined
  logout: string[] | undefined
  /** null: `--no-home`. */
  home: string | null | undefined
  chosenId: string | undefined
  isPublic: boolean
  device: boolean | undefined
  refresh: boolean | undefined
  wechat: boolean | undefined
  email: boolean | undefined
  es256: boolean | undefined
  disabled: boolean | undefined
  json: boolean
  /** The app whose lines are wanted. */
  app: string | undefined
}

const ABILITIES = ['device', 'refresh', 'wechat', 'email', 'es256'] as const
const TEXTS = ['name', 'home', 'id', 'for'] as const
const LISTS = ['redirect', 'logout'] as const

export type Command = 'add' | 'list' | 'show' | 'set' | 'secret' | 'remove'

/** Which options each command has, besides the id of its client. */
const OPTIONS: Record<Command, readonly string[]> = {
  add: ['name', 'id', 'redirect', 'logout', 'home', 'public', ...ABILITIES, 'json', 'for'],
  list: ['json'],
  show: ['json', 'for'],
  set: [
    'name',
    'redirect',
    'no-redirect',
    'logout',
    'no-logout',
    'home',
    'no-home',
    ...ABILITIES.flatMap((name) => [name, `no-${name}`]),
    'disable',
    'enable',
    'json',
  ],
  secret: ['json'],
  remove: ['json'],
}

export const isCommand = (command: string | undefined): command is Command =>
  command !== undefined && Object.hasOwn(OPTIONS, command)

/**
 * Reads the command line of one of them.
 *
 * @throws {UsageError} with a sentence for the person who typed it
 */
export function readClientArguments(command: Command, args: string[]): ClientArguments {
  const { values, positionals, tokens } = parsed(command, args)
  const given = tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []))
  for (const name of TEXTS) {
    if (given.filter((each) => each === name).length > 1) {
      throw wrong(`--${name} can be given once.`, `--${name} 只能写一次。`)
    }
  }
  for (const [one, other] of [
    ...['redirect', 'logout', 'home', ...ABILITIES].map((name) => [name, `no-${name}`]),
    ['enable', 'disable'],
  ] as [string, string][]) {
    if (values[one] !== undefined && values[other] !== undefined) {
      throw wrong(
        `--${one} and --${other} exclude each other.`,
        `--${one} 和 --${other} 不能同时使用。`,
      )
    }
  }

  const wantsId = command !== 'add' && command !== 'list'
  const [id, ...others] = positionals
  const extra = wantsId ? others[0] : id
  if (extra !== undefined) {
    throw wrong(`${command} does not take "${extra}".`, `${command} 不接受参数“${extra}”。`)
  }
  if (wantsId && id === undefined) {
    throw wrong(
      `${command} needs the client_id: scenepass clients list prints them.`,
      `${command} 需要写明 client_id，可用 scenepass clients list 查看。`,
    )
  }

  const text = (name: string) => values[name] as string | undefined
  const ability = (name: string) => (values[name] ? true : values[`no-${name}`] ? false : undefined)
  const addresses = (name: string): string[] | undefined => {
    if (values[`no-${name}`]) return []
    const uris = values[name] as string[] | undefined
    return uris && [...new Set(uris)]
  }
  return {
    id,
    name: text('name')?.trim(),
    redirect: addresses('redirect'),
    logout: addresses('logout'),
    home: values['no-home'] ? null : text('home'),
    chosenId: text('id'),
    isPublic: values['public'] === true,
    device: ability('device'),
    refresh: ability('refresh'),
    wechat: ability('wechat'),
    email: ability('email'),
    es256: ability('es256'),
    disabled: values['disable'] ? true : values['enable'] ? false : undefined,
    json: values['json'] === true,
    app: text('for')?.toLowerCase(),
  }
}

type Parsed = {
  values: Record<string, string | boolean | string[] | undefined>
  positionals: string[]
  tokens: ({ kind: 'option'; name: string } | { kind: 'positional' | 'option-terminator' })[]
}

function parsed(command: Command, args: string[]): Parsed {
  const one = (names: readonly string[], name: string) => names.includes(name)
  const options = Object.fromEntries(
    OPTIONS[command].map((name) => [
      name,
      one(LISTS, name)
        ? { type: 'string', multiple: true }
        : { type: one(TEXTS, name) ? 'string' : 'boolean' },
    ]),
  ) as ParseArgsConfig['options']
  try {
    return parseArgs({ args, options, allowPositionals: true, tokens: true } as const) as Parsed
  } catch (error) {
    // What follows its first sentence is for programmers.
    const [message = ''] = (error as Error).message.split(/\. |\n/)
    const rest = `scenepass clients --help`
    throw wrong(
      `${command}: ${message}: see ${rest}.`,
      `${command} 用法有误（${message}），见 ${rest}。`,
    )
  }
}

export const wrong = (en: string, zh: string): UsageError => new UsageError({ en, zh })

/** Of what is wrong with the value of an option. */
export const wrongValue = (option: string, value: string, { en, zh }: Words): UsageError => {
  // What has a password in it is not repeated.
  const shown = value.includes('@') ? '' : ` "${value}"`
  return wrong(`--${option}${shown} ${en}.`, `--${option}${shown} ${zh}。`)
}
