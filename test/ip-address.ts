import fc from 'fast-check'
import { isIP } from 'node:net'
import t from 'tap'
import { limitKey, networksOf, plainAddress } from '../src/ip-address.ts'

t.test('an IPv6 address counts in its /64, its /56 and its /48', async (t) => {
  t.same(networksOf('2001:db8:1:2345::1'), [
    '2001:db8:1:2345::/64',
    '2001:db8:1:2300::/56',
    '2001:db8:1::/48',
  ])
  t.same(networksOf('203.0.113.9'), ['203.0.113.9'])
  t.same(networksOf('::ffff:203.0.113.9'), ['203.0.113.9'])
  t.same(networksOf('no address'), ['unknown'])
  t.equal(limitKey('2001:DB8:1:2345:ffff::'), '2001:db8:1:2345::/64')
  t.equal(limitKey('::1'), '0:0:0:0::/64')
})

t.test('however it is written, it is the same address', async (t) => {
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      const plain = plainAddress(address) as string
      t.ok(isIP(plain) > 0, address)
      t.equal(plainAddress(address.toUpperCase()), plain)
      t.equal(plainAddress(`[${address}]:443`), plain)
      t.equal(plainAddress(plain), plain)
      t.same(networksOf(address), networksOf(plain))
    }),
    { numRuns: 300 },
  )
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      t.equal(plainAddress(`${address}:65535`), address)
      t.equal(plainAddress(`::ffff:${address}`), address)
    }),
    { numRuns: 300 },
  )
})

t.test('anything else is none, and never throws', async (t) => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const plain = plainAddress(text)
      t.ok(plain === null || isIP(plain) > 0, text)
    }),
    { numRuns: 1_000 },
  )
})
