import t from 'tap'
import { startApp } from '../../fixtures/app.ts'
import { call, clientOf, type Json } from '../../fixtures/network/client.ts'
import { postgresUrl } from '../../fixtures/postgres/database.ts'

/** How the mini program was opened, as the phone sends it with the scan. */
const databaseUrl = await postgresUrl(t)
// Without a trail no browser is new, so that there are no other notices.
const off = await startApp(t, { databaseUrl, auditDays: 0 })
const on = await startApp(t, { databaseUrl, auditDays: 0, urlLink: true })

async function send(base: string, path: string, body: object) {
  const { create, loginCode } = clientOf(base)
  const { scene } = await create()
  const code = await loginCode('alice')
  return call(`${base}${path.replace(':scene', scene)}`, { json: { code, scene, ...body } })
}
const scan = (base: string, body: object) => send(base, '/ticket/:scene/scan', body)

t.test('each way has its notice, where links are off and on', async (t) => {
  for (const [enteredBy, whenOff, whenOn] of [
    [undefined, [], []],
    [1047, [], []],
    [1011, [], []],
    [1048, ['opened_from_picture'], ['opened_from_picture']],
    [1049, ['opened_from_picture'], ['opened_from_picture']],
    [1065, ['opened_by_link'], []],
    [1167, ['opened_by_link'], []],
    [1194, ['opened_by_link'], []],
    [1007, ['opened_by_card'], ['opened_by_card']],
    [1008, ['opened_by_card'], ['opened_by_card']],
    [1036, ['opened_by_card'], ['opened_by_card']],
    [1044, ['opened_by_card'], ['opened_by_card']],
    [1037, ['opened_by_mini_program'], ['opened_by_mini_program']],
    [1038, ['opened_by_mini_program'], ['opened_by_mini_program']],
    [1058, ['opened_without_code'], ['opened_without_code']],
    [1089, ['opened_without_code'], ['opened_without_code']],
    [0, ['opened_in_unknown_way'], ['opened_in_unknown_way']],
    [99_999, ['opened_in_unknown_way'], ['opened_in_unknown_way']],
  ] as const) {
    for (const [{ url }, expected] of [
      [off, whenOff],
      [on, whenOn],
    ] as const) {
      const { status, body } = await scan(url, { entered_by: enteredBy })
      t.equal(status, 200)
      t.same(
        body.notices,
        expected.map((kind) => ({ kind })),
        `${enteredBy}`,
      )
    }
  }
})

t.test('nothing but such a number is taken', async (t) => {
  const { create, loginCode } = clientOf(off.url)
  const { scene } = await create()
  const code = await loginCode('alice')
  for (const wrong of ['1047', '', null, true, [], [1047], {}, 1047.5, -1, 100_000, 1e21]) {
    const json = { code, entered_by: wrong }
    const { status, body } = await call(`${off.url}/ticket/${scene}/scan`, { json })
    t.match({ status, body }, { status: 400, body: { code: 'INVALID_REQUEST' } }, `${wrong}`)
    t.match(body.message, 'entered_by', 'it names the field')
  }
  const json = { code, entered_by: 1047 }
  const { status } = await call(`${off.url}/ticket/${scene}/scan`, { json })
  t.equal(status, 200, 'none of them has cost the login code')
})

t.test('the scan alone takes it', async (t) => {
  for (const path of ['/ticket/:scene/deny', '/login']) {
    const { status, body } = await send(off.url, path, { entered_by: 'not looked at' })
    t.equal(status, 200, path)
    t.notOk('notices' in body)
  }
  const { paths } = (await call(`${off.url}/openapi.json`)).body
  const taking = Object.entries<Json>(paths).filter(([, path]) =>
    JSON.stringify(path).includes('entered_by'),
  )
  t.same(
    taking.map(([path]) => path),
    ['/ticket/{scene}/scan'],
  )
})
