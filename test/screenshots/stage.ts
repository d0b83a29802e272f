import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { connect } from '../../src/db/connect.ts'
import { migrate } from '../../src/db/migrate.ts'
import type { Db } from '../../src/db/pool.ts'
import { startApp } from '../fixtures/app.ts'
import { temporaryFolder } from '../fixtures/network/child.ts'
import { call, clientOf } from '../fixtures/network/client.ts'
import { quietLog, type Teardown } from '../fixtures/postgres/database.ts'
import { until } from '../fixtures/browser/element.ts'
import { startSite } from '../fixtures/browser/site.ts'
import { expire } from '../fixtures/tickets/time.ts'
import { wechatAt } from '../fixtures/network/wechat-at.ts'

/** Where the scenes are played. */
export type Stage = {
  /** A website with the element on it. */
  site: string
  /** The hosted login page, as with the real WeChat. */
  hosted: string
  /** The sandbox's demo. */
  demo: string
  /** What a phone does with the ticket of a page's element. */
  scan: (page: Page) => Promise<void>
  deny: (page: Page) => Promise<void>
  login: (page: Page) => Promise<void>
  /** Lets that ticket's time be over. */
  expire: (page: Page) => Promise<void>
}

const sitePage = (service: string): string => `<!doctype html>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>A website</title>
<style>body { margin: 2em; font-family: system-ui, sans-serif }</style>
<script type="module" src="${service}/widget.js"></script>
<scene-pass auto-refresh="0"></scene-pass>
`

async function embeddedDatabase(t: Teardown): Promise<string> {
  const url = `pglite:${join(temporaryFolder(t), 'data')}`
  const { db, close } = await connect({ url, poolSize: 1, log: quietLog })
  await migrate(db)
  await close()
  return url
}

export async function setStage(t: Teardown): Promise<Stage> {
  const site = await startSite(t)
  const demo = await startApp(t, { databaseUrl: await embeddedDatabase(t) })
  const wechat = wechatAt(t, `${demo.url}/sandbox/wechat`)
  const hosted = await startApp(t, {
    databaseUrl: await embeddedDatabase(t),
    sandbox: null,
    corsOrigins: [site.origin],
    urlLink: true,
    wechat,
  })
  site.pages.set('/', { html: sitePage(hosted.url) })

  /** A call of the phone about the ticket that the page shows. */
  async function tap(page: Page, path: (scene: string) => string, more: object): Promise<void> {
    const scene = await sceneOf(page)
    const code = await clientOf(demo.url).loginCode('alice')
    const url = `${hosted.url}${path(scene)}`
    const { status, body } = await call(url, { json: { code, ...more } })
    if (status !== 200) throw new Error(`${url}: ${status} ${JSON.stringify(body)}`)
  }
  return {
    site: site.origin,
    hosted: hosted.url,
    demo: demo.url,
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
