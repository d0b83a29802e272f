import { Client } from 'pg'
import t from 'tap'
import { startApp } from './fixtures/app.ts'
import { call, clientOf } from './fixtures/network/client.ts'

/**
 * What a login asks of the database: limits first, then the step itself. A statement costs the service some
 * 40 µs and the database as much again, so one more is a decision.
 */
const STATEMENTS = {
  create: ['the address’s limit', 'the ticket'],
  image: ['is there an image?', 'the codes’ limit', 'the image is kept'],
  scan: ['the address’s limit', 'which door?', 'scanned, with what is unusual about it'],
  confirm: ['the address’s limit', 'whose ticket?', 'who is it?', 'confirmed, with its trail'],
  deliver: ['the token'],
}

t.test('statements of a login, step by step', async (t) => {
  const { url } = await startApp(t)
  const client = clientOf(url)
  await client.login(await client.create(), 'alice')
  const queries = t.capture(Client.prototype, 'query', Client.prototype.query)
  const fewest = new Map<string, number>()
  async function count<T>(step: string, work: () => Promise<T>): Promise<T> {
    queries()
    const answer = await work()
    fewest.set(step, Math.min(fewest.get(step) ?? Infinity, queries().length))
    return answer
  }
  // The fewest of several: the service has work of its own, now and then.
  for (let i = 0; i < 5; i++) {
    const ticket = await count('create', client.create)
    const image = await count('image', () => call(`${url}/ticket/${ticket.scene}/qrcode`))
    t.equal(image.status, 200)
    await count('scan', () => client.scan(ticket, 'alice'))
    await count('confirm', () => client.login(ticket, 'alice'))
    t.match(await count('deliver', () => client.poll(ticket)), { body: { token: String } })
  }
  for (const [step, statements] of Object.entries(STATEMENTS)) {
    t.equal(fewest.get(step), statements.length, `${step}: ${statements.join(', ')}`)
  }
})
