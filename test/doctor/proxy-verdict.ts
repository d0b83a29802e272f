import t from 'tap'
import { judgeProxy, type Evidence } from '../../src/doctor/proxy-verdict.ts'

const FORGED = '192.0.2.1'
const OURS = '203.0.113.9'

/** A machine far from the service, behind a proxy on the service's own, which is as it should be. */
const judge = (changed: Partial<Evidence>) =>
  judgeProxy({
    proxied: true,
    trustProxy: ['loopback'],
    own: '192.168.1.5',
    seen: OURS,
    seenForged: OURS,
    forged: FORGED,
    ...changed,
  })

const cases: [string, Partial<Evidence>, string, RegExp][] = [
  ['from afar, all in order', {}, 'ok', /203\.0\.113\.9: compare it/],
  ['from an address of its own', { own: OURS }, 'ok', /\(203\.0\.113\.9\), and/],
  ['no proxy', { proxied: false, trustProxy: false, seen: '10.0.0.5', own: '10.0.0.5' }, 'ok', /./],
  ['IPv6', { own: '2001:db8::5', seen: '2001:db8::5' }, 'ok', /2001:db8::5/],
  [
    'on the same machine, by a proxy that is looked through',
    { own: '127.0.0.1', seen: '127.0.0.1' },
    'ok',
    /127\.0\.0\.1/,
  ],
  ['TRUST_PROXY forgotten', { trustProxy: false, seen: '127.0.0.1' }, 'failed', /not set/],
  [
    'a proxy that says nothing, and is trusted',
    { seen: '127.0.0.1' },
    'failed',
    /does not say who asks/,
  ],
  ['a proxy that says nonsense', { seen: null }, 'failed', /no address/],
  [
    'TRUST_PROXY names another proxy',
    { seen: '10.1.2.3' },
    'warning',
    /\(192\.168\.1\.5\) at 10\.1\.2\.3/,
  ],
  [
    'TRUST_PROXY names another proxy than the one on this machine',
    { trustProxy: ['10.0.0.9'], own: '127.0.0.1', seen: '127.0.0.1' },
    'warning',
    /at 127\.0\.0\.1/,
  ],
  ['a forged header is believed', { seenForged: FORGED }, 'failed', /forged X-Forwarded-For is/],
  [
    'the same from where TRUST_PROXY believes everything',
    { seenForged: FORGED, own: '127.0.0.1', seen: '127.0.0.1' },
    'warning',
    /Cannot tell from here/,
  ],
  [
    'TRUST_PROXY believes every address',
    { trustProxy: ['0.0.0.0/1', '128.0.0.0/1'], seenForged: FORGED },
    'failed',
    /forged X-Forwarded-For is/,
  ],
]

for (const [name, evidence, status, says] of cases) {
  t.test(name, async (t) => {
    const finding = judge(evidence)
    t.equal(finding.status, status)
    t.match(finding.says.en, says)
    t.equal(finding.fix === null, status === 'ok')
  })
}

t.test('ranges and names of TRUST_PROXY are understood', async (t) => {
  // A trusted proxy that says nothing is told apart from one that is not trusted.
  const trusts = (range: string, seen: string) =>
    judge({ trustProxy: [range], seen, own: OURS }).status === 'failed'
  for (const [range, seen] of [
    ['10.0.0.0/8', '10.255.0.1'],
    ['172.16.0.7', '172.16.0.7'],
    ['uniquelocal', 'fd00::1'],
    ['linklocal', '169.254.1.1'],
    ['2001:db8::/32', '2001:db8:ffff::1'],
    ['loopback', '::1'],
  ] as const) {
    t.ok(trusts(range, seen), `${range} ${seen}`)
  }
  t.notOk(trusts('10.0.0.0/8', '11.0.0.1'))
  t.notOk(trusts('172.16.0.7', '172.16.0.8'))
})
