import t from 'tap'
import { findCode, storeCodeImage } from '../../src/tickets/code.ts'
import { scanTicket } from '../../src/tickets/scan.ts'
import { newScene } from '../../src/tickets/secret.ts'
import { databases } from '../fixtures/postgres/database.ts'
import { alice, arrange, windows } from '../fixtures/tickets/arrange.ts'
import { codeAnswers, eachSituation } from '../fixtures/tickets/each-situation.ts'
import { deadline, outcome, stored } from '../fixtures/tickets/observe.ts'

const image = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 255, 10, 13])

for (const { name, open } of databases) {
  t.test(name, async (t) => {
    const { db } = await open(t)

    await t.test('a pending ticket has none at first, then the one that was stored', async (t) => {
      const { scene } = await arrange(db, 'pending')
      const at = await deadline(db, scene)
      t.equal((await findCode(db, scene)).image, null)
      await storeCodeImage(db, scene, image)
      t.ok(image.equals((await findCode(db, scene)).image as Uint8Array), 'byte for byte')
      t.equal(await deadline(db, scene), at, 'which moves no window')
      t.match(await stored(db, scene), { status: 'pending' })
    })

    await t.test('the first image stays', async (t) => {
      const { scene } = await arrange(db, 'pending')
      await storeCodeImage(db, scene, image)
      await storeCodeImage(db, scene, Buffer.from('another'))
      t.ok(image.equals((await findCode(db, scene)).image as Uint8Array))
    })

    await t.test('what an <img> hears', (t) =>
      eachSituation(t, db, codeAnswers, async (t, { scene }, expected) =>
        t.equal(await outcome(findCode(db, scene)), expected, expected),
      ),
    )

    await t.test('an image that comes after the scan is not kept', async (t) => {
      const { scene } = await arrange(db, 'scanned')
      await storeCodeImage(db, scene, image)
      t.match(await stored(db, scene), { status: 'scanned', code_image: null })
    })

    await t.test('a stored image is shown no more once the code is scanned', async (t) => {
      const { scene } = await arrange(db, 'pending')
      await storeCodeImage(db, scene, image)
      await scanTicket(db, { scene, identity: alice, windows })
      t.equal(await outcome(findCode(db, scene)), 'TICKET_CONSUMED')
    })

    await t.test('an unknown scene is TICKET_NOT_FOUND, and makes no ticket', async (t) => {
      const scene = newScene()
      await storeCodeImage(db, scene, image)
      t.equal(await outcome(findCode(db, scene)), 'TICKET_NOT_FOUND')
    })
  })
}
