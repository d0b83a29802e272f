import { randomUUID } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { text as textOf } from 'node:stream/consumers'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import t from 'tap'
import { signIn } from '../src/web/client.ts'
import { paste, SITE, startServer, startSite } from './fixtures/guide-run.ts'
import { call, clientOf, type Json } from './fixtures/network/client.ts'
import { freePort } from './fixtures/postgres/postgres.ts'
import {
  BASE,
  PUBLIC_BASE,
  blockWith,
  guide,
  guideFile,
  languages,
  run,
  serverOf,
} from './fixtures/readme.ts'
import { root } from './fixtures/root.ts'

/** The code of the guide, run as a reader would: pasted, with nothing changed but the address. */

/** What each `== N. …` step printed. */
const stepsOf = (output: string): string[] => output.split(/^== \d\. .*\n/m).slice(1)
const headings = (text: string): string[] => text.match(/^== .*$/gm) ?? []

t.test('the code in the guide', async (t) => {
  const url = await startServer(t)
  const image = new URL('scenepass-code.png', root)
  t.teardown(() => rmSync(image, { force: true }))

  for (const language of languages) {
    const named = (name: string) => guideFile(name, language)
    const read = (name: string) => guide(name, language)

    t.test(`the curl block of ${named('try')} walks a whole login`, async (t) => {
      const block = blockWith(read('try'), 'set -e').replace(BASE, url)
      rmSync(image, { force: true })
      const { output, errors } = await paste(block)
      t.equal(errors, '')
      t.match(output, /still here\n$/)
      const printed = blockWith(read('try'), "amr: [ 'wechat' ]")
      t.same(headings(output), headings(printed), 'as printed there')

      const steps = stepsOf(output)
      t.equal(steps.length, 8)
      const answer = (step: number): Json => JSON.parse(steps[step - 1] as string)
      const { scene } = answer(1)
      t.match(answer(1), { status: 'pending', secret: String, match_code: String })
      t.match(steps[1], /^image\/png, \d+ bytes/)
      t.equal(readFileSync(image).subarray(1, 4).toString(), 'PNG')
      t.match(answer(3), { scene, status: 'pending', interval: 2 })
      t.match(answer(4), { scene, status: 'scanned', match: { code: answer(1).match_code } })
      t.match(answer(5), { scene, status: 'scanned', interval: 1 })
      t.match(answer(6), { scene, status: 'confirmed', user: { id: String } })
      t.match(answer(7), { scene, status: 'confirmed', interval: 0, token: String })
      t.match(steps[7], `sub: '${answer(6).user.id}'`)
      t.match(steps[7], `iss: '${url}'`)

      const jwks = createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`))
      const verified = await jwtVerify(answer(7).token, jwks, { issuer: url, audience: 'web' })
      t.match(steps[7], `jti: '${verified.payload.jti}'`, 'jose verified this very token')
    })

    t.test(`the curl block of ${named('try')} survives a closed port`, async (t) => {
      const closed = `http://127.0.0.1:${await freePort()}`
      const { output, errors } = await paste(blockWith(read('try'), 'set -e').replace(BASE, closed))
      t.equal(headings(output).length, 1, 'it stops at once')
      t.match(output, /still here\n$/)
      t.match(errors, /curl: \(7\)/)
    })

    t.test(`the faults of ${named('try')} disturb one login code, then none`, async (t) => {
      const { create, scan } = clientOf(url)
      const plan = blockWith(read('try'), '"errcode":-1').replace(BASE, url)
      const clear = blockWith(read('try'), '-X DELETE').replaceAll(BASE, url)
      const ticket = await create()
      t.same(await paste(plan), { output: 'still here\n', errors: '' })
      t.match(await scan(ticket, 'alice'), { status: 503, body: { code: 'WECHAT_BUSY' } })
      t.match(await scan(ticket, 'alice'), { status: 200 })

      await paste(plan)
      const { output, errors } = await paste(clear)
      t.equal(errors, '')
      t.match(JSON.parse(output.replace('still here\n', '')), { code2session: Number })
      t.match(await scan(ticket, 'alice'), { status: 200 })
    })

    t.test(`the client of ${named('page')} signs a visitor in`, async (t) => {
      const { scan, login } = clientOf(url)
      const script = blockWith(read('page'), 'onStatus({')
        .replace(/^import .*$/m, '')
        .replace(PUBLIC_BASE, url)
      const printed: unknown[][] = []
      const token = await run(`return (async () => {${script}\nreturn token})()`, {
        signIn,
        console: {
          log: (...words: unknown[]) => {
            printed.push(words)
            const [status, codeUrl] = words
            const scene = String(codeUrl).split('/').at(-2) as string
            if (status === 'pending') void scan({ scene }, 'alice')
            if (status === 'scanned') void login({ scene }, 'alice')
          },
        },
      })
      const number = /^[1-9]\d$/
      t.match(printed, [
        ['loading', undefined, undefined, undefined],
        ['pending', `${url}/ticket/`, number, Number],
        ['scanned', `${url}/ticket/`, number, Number],
        ['confirmed', `${url}/ticket/`, number, Number],
      ])

      const userOf = serverOf(read('server'), url)
      const own = await login(null, 'alice')
      t.equal(await userOf(`Bearer ${token}`), own.body.user.id)
      await t.rejects(userOf(`Bearer ${own.body.token}`), {
        code: 'ERR_JWT_CLAIM_VALIDATION_FAILED',
      })
      await t.rejects(userOf(''), { code: 'ERR_JWS_INVALID' })
    })

    t.test(`the servers of ${named('server')} begin a session with a login`, async (t) => {
      const { create, login, poll } = clientOf(url)
      const warned: unknown[] = []
      const world = {
        userOf: serverOf(read('server'), url),
        newSession: async (user: string) => `of-${user}`,
        console: { warn: (...words: unknown[]) => warned.push(words.at(-1)) },
      }
      const plain = blockWith(read('server'), "request.url === '/session'")
      const here = await startSite(t, plain, world)
      const handler = blockWith(read('server'), 'export async function POST')
      const POST = run(`${handler.replace('export ', '')}\nreturn POST`, world)

      for (const send of [
        (headers: Record<string, string>) => fetch(`${here}/session`, { method: 'POST', headers }),
        async (headers: Record<string, string>): Promise<Response> =>
          POST(new Request(`${here}/session`, { method: 'POST', headers })),
      ]) {
        const ticket = await create()
        const { body } = await login(ticket, 'alice')
        const { token } = (await poll(ticket)).body
        const begun = await send({ authorization: `Bearer ${token}` })
        t.equal(begun.status, 204)
        t.equal(
          begun.headers.get('set-cookie'),
          `session=of-${body.user.id}; Path=/; HttpOnly; Secure; SameSite=Lax`,
        )
        for (const headers of [{}, { authorization: `Bearer ${body.token}` }]) {
          const refused = await send(headers as Record<string, string>)
          t.equal(refused.status, 401)
          t.equal(refused.headers.get('set-cookie'), null)
        }
        t.same(warned.splice(0), ['ERR_JWS_INVALID', 'ERR_JWT_CLAIM_VALIDATION_FAILED'])
      }
      t.equal((await fetch(`${here}/session`)).status, 404)
    })

    t.test(`${named('README')} begins with the code of the guides`, async (t) => {
      const [page, server] = ['<scene-pass></scene-pass>', 'export async function userOf'] as const
      t.equal(blockWith(read('README'), page), blockWith(read('page'), page))
      t.equal(blockWith(read('README'), server), blockWith(read('server'), server))
    })

    t.test(`the site of ${named('hosted-page')} takes a login from the hosted page`, async (t) => {
      const { create, login, poll } = clientOf(url)
      const script = blockWith(read('hosted-page'), 'return_to: returnTo').replace(BASE, url)
      const here = await startSite(t, script, {
        randomUUID,
        text: textOf,
        userOf: serverOf(read('server'), url),
        newSession: async (user: string) => `of-${user}`,
      })

      const begun = await call(`${here}/sign-in`)
      t.equal(begun.status, 303)
      const [cookie = ''] = (begun.headers.get('set-cookie') ?? '').split(';')
      t.match(begun.headers.get('set-cookie'), /HttpOnly; Secure; SameSite=None/)
      const page = await call(begun.headers.get('location') ?? '')
      t.equal(page.status, 200)
      t.match(page.body, `method="post" action="${SITE}/signed-in"`)
      const state = /name="state" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
      t.equal(cookie, `state=${state}`)

      const ticket = await create()
      const { body } = await login(ticket, 'alice')
      const { token } = (await poll(ticket)).body
      const post = (form: Record<string, string>, headers: Record<string, string>) =>
        call(`${here}/signed-in`, {
          method: 'POST',
          body: new URLSearchParams(form),
          headers,
        })
      const signedIn = await post({ token, state }, { cookie: `other=1; ${cookie}` })
      t.match(signedIn, { status: 303 })
      t.match(signedIn.headers.getSetCookie(), [
        `session=of-${body.user.id}; Path=/; HttpOnly; Secure; SameSite=Lax`,
        /^state=; Max-Age=0/,
      ])
      for (const [form, headers] of [
        [{ token, state }, {}],
        [{ token, state: 'another' }, { cookie }],
        [{ token }, { cookie }],
        [{ token, state: '' }, { cookie: 'state=' }],
        [{ token, state }, { cookie: `not_the_${cookie}` }],
        [{ token: `${token}A`, state }, { cookie }],
        [{ state }, { cookie }],
      ] as const) {
        const refused = await post(form, headers)
        t.equal(refused.status, 403)
        t.equal(refused.headers.get('set-cookie'), null)
      }
      t.equal((await call(`${here}/signed-in`)).status, 404)
    })
  }
})
