import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { connect } from '../../src/db/connect.ts'
import { migrate } from '../../src/db/migrate.ts'
import type { Db } from '../../src/db/schema.ts'
import { createWechatClient } from '../../src/wechat/client.ts'
import { SANDBOX_APPID, SANDBOX_SECRET } from '../../src/wechat/sandbox/plugin.ts'
import { startApp } from '../fixtures/app.ts'
import { temporaryFolder } from '../fixtures/child.ts'
import { call, clientOf } from '../fixtures/client.ts'
import { quietLog, type Teardown } from '../fixtures/database.ts'
import { until } from '../fixtures/element.ts'
import { expire } from '../fixtures/states.ts'

/** Where the scenes are played: the sandbox's demo, and a login page as with the real WeChat. */
export type Stage = {
  demo: string
  hosted: string
  /** What a phone does with the ticket of a page's element. */
  scan: (page: Page) => Promise<void>
  deny: (page: Page) => Promise<void>
  login: (page: Page) => Promise<void>
  /** Lets that ticket's time be over. */
  expire: (page: Page) => Promise<void>
}

async function embeddedDatabase(t: Teardown): Promise<string> {
  const url = `pglite:${join(temporaryFolder(t), 'data')}`
  const { db, close } = await connect({ url, poolSize: 1, log: quietLog })
  await migrate(db)
  await close()
  return url
}

export async function setStage(t: Teardown): Promise<Stage> {
  const demo = await startApp(t, { databaseUrl: await embeddedDatabase(t) })
  const wechat = createWechatClient({
    appid: SANDBOX_APPID,
    secret: SANDBOX_SECRET,
    apiBase: `${demo.url}/sandbox/wechat`,
    timeoutMs: 5_000,
    page: 'pages/login/login',
    envVersion: 'release',
    checkPath: true,
    codeWidth: 430,
    log: quietLog,
  })
  t.teardown(() => wechat.close())
  const hosted = await startApp(t, {
    databaseUrl: await embeddedDatabase(t),
    sandbox: null,
    urlLink: true,
    wechat,
  })

  /** A call of the phone about the ticket that the page shows. */
  async function tap(page: Page, path: (scene: string) => string, more: object): Promise<void> {
    const scene = await sceneOf(page)
    const code = await clientOf(demo.url).loginCode('alice')
    const url = `${hosted.url}${path(scene)}`
    const { status, body } = await call(url, { json: { code, ...more } })
    if (status !== 200) throw new Error(`${url}: ${status} ${JSON.stringify(body)}`)
  }
  return {
    demo: demo.url,
    hosted: hosted.url,
    scan: (page) => tap(page, (scene) => `/ticket/${scene}/scan`, {}),
    deny: (page) => tap(page, (scene) => `/ticket/${scene}/deny`, {}),
    login: async (page) => tap(page, () => '/login', { scene: await sceneOf(page) }),
    expire: async (page) => expireTicket(hosted.db, await sceneOf(page)),
  }
}

const expireTicket = (db: Db, scene: string): Promise<void> => expire(db, { scene })

async function sceneOf(page: Page): Promise<string> {
  const { scene } = await until(page, 'pending')
  if (scene === null) throw new Error('the element shows no ticket')
  return scene
}
