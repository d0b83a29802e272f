import type { Config } from '../config/config.ts'
import type { Db } from '../db/pool.ts'
import { addClient, removeClient, renewSecret, setClient } from '../oidc/change-clients.ts'
import { newClientId, SANDBOX_CLIENT } from '../oidc/client-ids.ts'
import { findAnyClient, listClients, type Client } from '../oidc/clients.ts'
import { OperatorError } from '../operator-error.ts'
import { wrong, wrongValue, type ClientArguments, type Command } from './client-arguments.ts'
import {
  checkAddresses,
  checkArguments,
  checkClient,
  checkId,
  type Surroundings,
} from './client-checks.ts'
import * as text from './client-text.ts'
import type { Program } from './command.ts'

export type Opened = { program: Program; config: Config; db: Db; issuer: string }
export type Work = (opened: Opened) => Promise<void>

/** Each looks at what was typed first: what is wrong is said before a database is opened. */
export const commands: Record<Command, (given: ClientArguments, around: Surroundings) => Work> = {
  add(given, around) {
    checkArguments(given, around)
    const { name, chosenId, isPublic, app } = given
    if (name === undefined) {
      throw wrong(
        '--name is missing: what people read on their phone when they sign in, such as "Our wiki".',
        '缺少 --name：用户登录时在手机上看到的名称，如“内部知识库”。',
      )
    }
    const id = chosenId ?? newClientId()
    checkId(id, around)
    checkAddresses(given, { isPublic, production: around.production })
    const client = { ...PLAIN, ...changesIn(given), id, secretHash: isPublic ? null : '' }
    checkClient(client)
    checkApp(app, client)
    return async ({ program, db, issuer }) => {
      const added = await addClient(db, client, { isPublic })
      if (!added) {
        throw new OperatorError({
          en: `There is a client ${id} already: scenepass clients show ${id}`,
          zh: `客户端 ${id} 已存在：scenepass clients show ${id}`,
        })
      }
      tellSecret(program, given.json, id, added.secret)
      if (!given.json) {
        if (added.secret !== null) program.out(text.KEEP_IT)
        program.out(lines(given, client, issuer, added.secret))
      }
    }
  },

  list:
    (given) =>
    async ({ program, config, db }) => {
      const clients = [...builtIn(config), ...(await listClients(db))]
      if (given.json) program.out(`${JSON.stringify(clients.map(text.asObject))}\n`)
      else for (const client of clients) program.out(text.asLine(client))
    },

  show: ({ id = '', json, app }) => {
    checkAppName(app)
    return async ({ program, config, db, issuer }) => {
      const client =
        builtIn(config).find((each) => each.id === id) ?? (await findAnyClient(db, id)) ?? none(id)
      checkApp(app, client)
      if (json) return program.out(`${JSON.stringify(text.asObject(client))}\n`)
      program.out(text.inFull(client) + lines({ app }, client, issuer, null))
    }
  },

  set(given, around) {
    checkArguments(given, around)
    const { production } = around
    const { id = '' } = given
    const changes = changesIn(given)
    if (Object.keys(changes).length === 0) {
      throw wrong(
        'set needs an option that says what to change: scenepass clients --help lists them.',
        'set 需要用选项写明改什么：用法见 scenepass clients --help。',
      )
    }
    return async ({ program, db }) => {
      const client = await setClient(db, id, changes, (next) => {
        checkAddresses(given, { isPublic: next.secretHash === null, production })
        checkClient(next)
      })
      const now = client ?? none(id)
      program.out(given.json ? `${JSON.stringify(text.asObject(now))}\n` : text.inFull(now))
    }
  },

  secret:
    ({ id = '', json }) =>
    async ({ program, db }) => {
      const secret = await renewSecret(db, id)
      if (secret === null) {
        if ((await findAnyClient(db, id)) === null) none(id)
        throw new OperatorError({
          en: `${id} is a public client: it has no secret.`,
          zh: `${id} 是公开客户端，没有密钥。`,
        })
      }
      tellSecret(program, json, id, secret)
      if (!json) program.out(text.KEEP_IT)
    },

  remove:
    ({ id = '', json }) =>
    async ({ program, db }) => {
      if (!(await removeClient(db, id))) none(id)
      program.out(
        json
          ? `${JSON.stringify({ client_id: id })}\n`
          : `${id} is gone, and all tokens that it had with it.\n`,
      )
    },
}

/** Whether the lines for this app can be printed. */
function checkAppName(app: string | undefined): void {
  if (app === undefined || text.recipeOf(app) !== null) return
  throw wrongValue('for', app, {
    en: `is none of these: ${text.recipeNames}`,
    zh: `应为其中之一：${text.recipeNames}`,
  })
}

function checkApp(app: string | undefined, { secretHash }: Pick<Client, 'secretHash'>): void {
  checkAppName(app)
  if (app !== undefined && secretHash === null) {
    throw wrongValue('for', app, {
      en: 'wants a client with a secret: add one without --public',
      zh: '需要有密钥的客户端：添加时请不要写 --public',
    })
  }
}

function lines(
  { app }: Pick<ClientArguments, 'app'>,
  client: Client,
  issuer: string,
  secret: string | null,
): string {
  const recipe = app === undefined ? null : text.recipeOf(app)
  if (recipe) return text.forApp(recipe, client, { issuer, secret })
  const others =
    client.secretHash === null ? '' : text.otherApps(`scenepass clients show ${client.id}`)
  return text.forAnyApp(client, issuer) + others
}

/** Once, and with `--json` as one object. */
function tellSecret(program: Program, json: boolean, id: string, secret: string | null): void {
  const object = { client_id: id, ...(secret !== null && { client_secret: secret }) }
  program.out(json ? `${JSON.stringify(object)}\n` : text.credentials(id, secret))
}

function none(id: string): never {
  throw new OperatorError({
    en: `There is no client ${id}: scenepass clients list prints them.`,
    zh: `没有 ${id} 这个客户端，可用 scenepass clients list 查看。`,
  })
}

const PLAIN: Client = {
  id: '',
  name: '',
  secretHash: null,
  device: false,
  redirectUris: [],
  postLogoutRedirectUris: [],
  homeUrl: null,
  idTokenAlg: 'RS256',
  refresh: false,
  wechat: false,
  placeholderEmail: false,
  disabled: false,
}

/** What was given of a client, and nothing else. */
function changesIn(given: ClientArguments): Partial<Omit<Client, 'id' | 'secretHash'>> {
  const { name, device, redirect, logout, home, es256, refresh, wechat, email, disabled } = given
  return {
    ...(name !== undefined && { name }),
    ...(device !== undefined && { device }),
    ...(redirect !== undefined && { redirectUris: redirect }),
    ...(logout !== undefined && { postLogoutRedirectUris: logout }),
    ...(home !== undefined && { homeUrl: home }),
    ...(es256 !== undefined && { idTokenAlg: es256 ? 'ES256' : 'RS256' }),
    ...(refresh !== undefined && { refresh }),
    ...(wechat !== undefined && { wechat }),
    ...(email !== undefined && { placeholderEmail: email }),
    ...(disabled !== undefined && { disabled }),
  }
}

/** What is there without a row. */
const builtIn = ({ sandbox, oidc }: Config): readonly Client[] =>
  sandbox && oidc !== null ? [SANDBOX_CLIENT] : []
