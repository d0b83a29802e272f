import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import * as client from 'openid-client'
import t, { type Test } from 'tap'
import { RECIPES, type Recipe } from '../../src/cli/client-recipes.ts'
import { paste, startServer } from '../fixtures/guide-run.ts'
import { call, clientOf, type Created } from '../fixtures/network/client.ts'
import { createBrowser, scanByKeyring } from '../fixtures/oidc/driver.ts'
import { postgresDb } from '../fixtures/postgres/database.ts'
import { freePort } from '../fixtures/postgres/postgres.ts'
import { useSharedKey } from '../fixtures/postgres/shared-key.ts'
import {
  BASE,
  PUBLIC_BASE,
  blockWith,
  guide,
  guideFile,
  languages,
  run,
} from '../fixtures/readme.ts'

/** The code of docs/openid-connect.md, run as a reader would; and its lines for known apps. */

const { db, url: DATABASE_URL } = await postgresDb(t)
await useSharedKey(db)
const url = await startServer(t, { DATABASE_URL, OIDC: 'on' })

/** Runs the program with a callback on a port of this test's own, as a module of its own would. */
async function runProgram(script: string, t: Test) {
  const port = await freePort()
  const printed: unknown[][] = []
  let server: Server | undefined
  const code = script
    .replace(/^import .*$/gm, '')
    .replace(BASE, url)
    .replaceAll('8080', `${port}`)
  t.ok(code.includes(`http://127.0.0.1:${port}/callback`))
  await run(`return (async () => {${code}})()`, {
    client,
    console: { log: (...words: unknown[]) => printed.push(words) },
    createServer: (listener: RequestListener) => (server = createServer(listener)),
  })
  if (!server?.listening) await once(server as unknown as Server, 'listening')
  t.teardown(() => server?.close())
  const address = String(printed[0]?.[0]).replace(/^Open /, '')
  return { address, printed, isListening: () => server?.listening }
}

const phone = clientOf(url)

/** Begins the ticket of the device that waits, as its page does. */
async function ticketOfDevice(): Promise<Created> {
  for (;;) {
    const { rows } = await sql<{ user_code: string }>`
      select user_code from oidc_records
      where model = 'DeviceCode' and not payload ? 'accountId' and not payload ? 'error'
    `.execute(db)
    const [waiting] = rows
    if (waiting) {
      const { body } = await call(`${url}/d/${waiting.user_code}/ticket`, { method: 'POST' })
      return body as Created
    }
    await sleep(20)
  }
}

for (const language of languages) {
  const text = guide('openid-connect', language)
  const file = guideFile('openid-connect', language)
  const program = blockWith(text, "from 'openid-client'")
  // It pauses as it is asked to; here a tenth of a second will do.
  const device = `sleep() { command sleep 0.1; }\n${blockWith(text, 'device_authorization -d').replace(BASE, url)}`

  t.test(`the program of ${file} signs a person in`, async (t) => {
    const { address, printed, isListening } = await runProgram(program, t)
    const browser = createBrowser([url], await scanByKeyring(db, url))
    const callback = await browser.signIn(address)
    const answer = await fetch(callback)
    t.equal(answer.status, 200)
    t.match(await answer.text(), /^Signed in/)
    t.match(printed.at(-1), ['Signed in:', { sub: String, name: /^微信用户 \w{4}$/ }])
    const shown = blockWith(text, 'Signed in: {')
    const names = [...shown.matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name)
    t.same(Object.keys(printed.at(-1)?.[1] as object), names, 'what is printed there')
    t.equal(isListening(), false)
  })

  t.test(`the program of ${file} hears that a person gave up`, async (t) => {
    const { address, printed } = await runProgram(program, t)
    const browser = createBrowser([url], await scanByKeyring(db, url))
    const { body } = await browser.giveUp(await browser.begin(address))
    t.equal((await fetch(await browser.resume(body.redirect_to))).status, 400)
    t.same(printed.at(-1), ['Not signed in:', 'access_denied'])
  })

  t.test(`the device of ${file} waits for its person`, async (t) => {
    const pasted = paste(device)
    const { body } = await phone.login(await ticketOfDevice(), 'bob')
    const { output, errors } = await pasted
    t.equal(errors, '')
    const [open = '', person = '', end] = output.split('\n')
    t.match(open, new RegExp(`^Open ${url}/d/[A-Z]{4}-[A-Z]{4}$`))
    t.match(JSON.parse(person), { sub: body.user.id, preferred_username: /^wx-/ })
    t.equal(end, 'still here')
    const [shownOpen = '', shownPerson = ''] = blockWith(text, '/d/WDJB-MJHT\n').split('\n')
    t.match(shownOpen.replace(BASE, url), /^Open .*\/d\/[A-Z]{4}-[A-Z]{4}$/)
    t.same(Object.keys(JSON.parse(shownPerson)), Object.keys(JSON.parse(person)))
  })

  t.test(`the device of ${file} hears that its person declines`, async (t) => {
    const pasted = paste(device)
    const ticket = await ticketOfDevice()
    await phone.scan(ticket, 'bob')
    t.equal((await phone.deny(ticket, 'bob')).status, 200)
    t.match((await pasted).output, /^Not signed in: access_denied\nstill here$/m)
  })

  t.test(`${file} walks every request`, async (t) => {
    const { output, errors } = await paste(blockWith(text, 'COOKIES=$(mktemp)').replace(BASE, url))
    t.equal(errors, '')
    t.match(output, /still here\n$/)
    const steps = output.split(/^== \d\. .*\n/m).slice(1)
    t.equal(steps.length, 7)
    const answer = (step: number) => JSON.parse(steps[step - 1] as string)
    const page = steps[0]?.trim() ?? ''
    t.match(page, new RegExp(`^${url}/sign-in/[\\w-]{43}$`))
    const scanned = { status: 'scanned', site: 'Sandbox', match: { code: answer(2).match_code } }
    t.match(answer(3), scanned)
    t.match(answer(4), { redirect_to: `${url}/oidc/authorize/${page.slice(-43)}` })
    t.match(steps[4], /^http:\/\/127\.0\.0\.1:8080\/callback\?code=[\w-]{43}&state=[\w-]{43}&iss=/)
    t.match(answer(6), { token_type: 'Bearer', expires_in: 3600, refresh_token: String })
    t.match(JSON.parse((steps[6] ?? '').replace('still here\n', '')), {
      preferred_username: /^wx-/,
    })
    const { rows } = await sql`
      ${sql.raw(blockWith(guide('observe', language), 'as sign_ins').replace(/;\n$/, ''))}
    `.execute(db)
    t.match(rows, [{ app: 'sandbox', people: '2' }], 'the audit trail says so')
  })

  t.test(`${file} has the lines that the command prints for each app`, async (t) => {
    for (const recipe of RECIPES) {
      const lines = linesOf(recipe)
      t.equal(blockWith(text, lines), lines, recipe.name)
      t.ok(text.includes(`\`${recipe.redirect}\``), recipe.redirect)
    }
  })
}

function linesOf({ lines, withoutEmail = [], between, redirect }: Recipe): string {
  const values: Record<string, string> = {
    issuer: PUBLIC_BASE,
    id: 'CLIENT_ID',
    secret: 'CLIENT_SECRET',
    scopes: ['openid', 'profile'].join(between),
    redirect,
    random: 'RANDOM',
  }
  return [...lines, ...withoutEmail]
    .map((line) => `${line.replace(/\{\{(\w+)\}\}/g, (_, word: string) => values[word] ?? '')}\n`)
    .join('')
}
