import crypto, { createHash } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import t from 'tap'
import { hashSecret, newScene, newSecret, sameHash } from '../../src/tickets/secret.ts'

/** Bits of a text of so many characters out of 64. */
const bits = (text: string): number => text.length * 6

t.test('a scene has at least 128 random bits and the shape that WeChat allows', async (t) => {
  const scenes = Array.from({ length: 2_000 }, newScene)
  t.equal(new Set(scenes).size, 2_000)
  t.ok(scenes.every((scene) => /^[A-Za-z0-9_-]{22,32}$/.test(scene)))
  t.ok(scenes.every((scene) => bits(scene) >= 128))
  t.equal(new Set(scenes.join('')).size, 64, 'every character of the alphabet is used')
})

t.test('a secret has at least 256 random bits', async (t) => {
  const secrets = Array.from({ length: 2_000 }, newSecret)
  t.equal(new Set(secrets).size, 2_000)
  t.ok(secrets.every((secret) => /^[A-Za-z0-9_-]+$/.test(secret) && bits(secret) >= 256))
  t.equal(new Set(secrets.join('')).size, 64)
})

t.test('a secret is kept as its SHA-256', async (t) => {
  t.equal(hashSecret('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})

t.test('hashes are the same when every byte is', async (t) => {
  const hash = hashSecret('abc')
  t.equal(sameHash(hash, hashSecret('abc')), true)
  for (let i = 0; i < 64; i++) {
    const other = `${hash.slice(0, i)}${hash[i] === '0' ? '1' : '0'}${hash.slice(i + 1)}`
    if (sameHash(hash, other)) t.fail(`digit ${i} is not looked at`)
  }
})

t.test('they are compared in constant time', async (t) => {
  const { timingSafeEqual } = crypto
  let compared = 0
  const replace = (by: typeof timingSafeEqual) => {
    crypto.timingSafeEqual = by
    syncBuiltinESMExports()
  }
  t.teardown(() => replace(timingSafeEqual))
  replace((a, b) => {
    compared += 1
    return timingSafeEqual(a, b)
  })
  const hash = hashSecret('abc')
  t.equal(sameHash(hash, hashSecret('abd')), false)
  t.equal(sameHash(hash, hash), true)
  t.equal(compared, 2)
})

t.test('what is not two SHA-256 hashes is never the same', async (t) => {
  const sha512 = createHash('sha512').update('abc').digest('hex')
  for (const [a, b] of [
    ['', ''],
    [hashSecret('abc'), ''],
    ['', hashSecret('abc')],
    [sha512, sha512],
    [hashSecret('abc').slice(0, 63), hashSecret('abc').slice(0, 63)],
  ] as const) {
    t.equal(sameHash(a, b), false)
  }
})
