import Fastify from 'fastify'
import t from 'tap'
import { sandboxAccount } from '../../../src/config/sandbox.ts'
import { sandbox } from '../../../src/sandbox/plugin.ts'
import { openPhone } from '../../fixtures/browser/sandbox-phone.ts'

const SCENE = 'abcdefghijklmnopqrst-_'

t.test(
  'the phone says how it was opened: by a scan, unless its address names another way',
  async (t) => {
    for (const [search, expected] of [
      [`?scene=${SCENE}`, 1047],
      [`?scene=${SCENE}&entered_by=1194`, 1194],
    ] as const) {
      const app = Fastify()
      t.teardown(() => app.close())
      await app.register(sandbox, { ...sandboxAccount, publicUrl: 'http://127.0.0.1:3000' })
      app.post(`/ticket/${SCENE}/scan`, (_request, reply) => reply.code(410).send({}))
      const phone = await openPhone(t, app, search)
      await phone.tap('alice')
      t.match(phone.sent.at(-1), { path: /scan$/, body: { entered_by: expected } })
    }
  },
)
