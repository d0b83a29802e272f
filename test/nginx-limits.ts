import { readFileSync } from 'node:fs'
import t from 'tap'
import { startApp } from './fixtures/app.ts'
import { call, clientOf } from './fixtures/network/client.ts'
import { findNginx, startNginx } from './fixtures/network/nginx.ts'
import { blockWith } from './fixtures/readme.ts'
import { root } from './fixtures/root.ts'

const program = findNginx()
const required = process.env['SCENEPASS_NGINX'] === 'required'
const skip =
  program !== null || required
    ? false
    : 'NOT TESTED: there is no nginx on this machine (apt-get install nginx-light)'

t.test('the limits of the guide, in the places that it names', { skip }, async (t) => {
  if (program === null) throw new Error('SCENEPASS_NGINX=required, and there is none')
  for (const name of ['docs/operate.md', 'docs/operate.zh-CN.md']) {
    const guide = readFileSync(new URL(name, root), 'utf8')
    const [zones = '', limits = ''] = blockWith(guide, 'limit_conn_zone').split('\n\n')
    const block = `${zones}\n${blockWith(guide, 'upstream scenepass {').replace('location / {', `location / {\n${limits}`)}`
    const { url: instance } = await startApp(t, { trustProxy: ['127.0.0.1'] })
    const port = Number(new URL(instance).port)
    const { url } = await startNginx(t, { program, block, instances: [port, port] })
    const ticket = await clientOf(url).create()
    t.equal((await clientOf(url).poll(ticket)).status, 200, name)

    const statuses: number[] = []
    for (let i = 0; i < 60; i++) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => call(`${url}/livez`)))
      statuses.push(...answers.map(({ status }) => status))
    }
    t.ok(statuses.includes(429), 'what comes too fast is refused')
    t.ok(statuses.includes(200))
    t.same(
      statuses.filter((status) => status !== 200 && status !== 429),
      [],
    )
  }
})
