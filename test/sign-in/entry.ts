import { readFileSync } from 'node:fs'
import t from 'tap'
import { entryOf, type Entry } from '../../src/sign-in/entry.ts'
import { NOTICE_KINDS, noticesOf, type Facts } from '../../src/sign-in/notices.ts'
import { load } from '../fixtures/browser/miniprogram.ts'
import { root } from '../fixtures/root.ts'

/** How the mini program was opened, and what the phone is told about it. */

const ways: Record<Entry, number[]> = {
  camera: [1011, 1025, 1047, 1124],
  picture: [1012, 1013, 1031, 1032, 1048, 1049, 1125, 1126],
  link: [1065, 1167, 1181, 1194, 1286],
  card: [1007, 1008, 1036, 1044, 1073, 1074, 1096, 1202, 1208],
  mini_program: [1037, 1038, 1099],
  without_code: [1000, 1001, 1014, 1023, 1035, 1043, 1058, 1069, 1089, 1107, 1168, 1173, 1309],
  unknown: [0, 1, 70, 999, 1055, 1310, 9999, 99_999],
}

t.test('each number is what WeChat’s page says', async (t) => {
  for (const [entry, numbers] of Object.entries(ways)) {
    for (const number of numbers) t.equal(entryOf(number), entry, String(number))
  }
})

t.test('every number of WeChat’s own types is known, but for those of who develops', async (t) => {
  const types = 'node_modules/miniprogram-api-typings/types/wx/lib.wx.app.d.ts'
  const list = /type SceneValues =([\s|\d]+)/.exec(readFileSync(new URL(types, root), 'utf8'))?.[1]
  const numbers = (list ?? '').match(/\d+/g)?.map(Number) ?? []
  t.ok(numbers.length > 120, `${numbers.length} numbers`)
  t.same(
    numbers.filter((number) => entryOf(number) === 'unknown'),
    [1017, 1030, 1059, 1101],
  )
  t.same(
    numbers.filter((number) => entryOf(number) === 'camera'),
    ways.camera,
  )
})

const here = { ip: '203.0.113.9', network: '203.0.113.9', country: 'CN' }
const abroad = { ip: '192.0.2.1', network: '192.0.2.1', country: 'US' }
const usual: Facts = {
  browser: here,
  phone: here,
  tickets: { count: 0, usual: 3 },
  knownBrowser: true,
}
const kinds = (facts: Facts) => noticesOf(facts).map(({ kind }) => kind)

t.test('what is told of each way, where links are off and on', async (t) => {
  for (const [entry, off, on] of [
    ['camera', [], []],
    ['picture', ['opened_from_picture'], ['opened_from_picture']],
    ['link', ['opened_by_link'], []],
    ['card', ['opened_by_card'], ['opened_by_card']],
    ['mini_program', ['opened_by_mini_program'], ['opened_by_mini_program']],
    ['without_code', ['opened_without_code'], ['opened_without_code']],
    ['unknown', ['opened_in_unknown_way'], ['opened_in_unknown_way']],
  ] as const) {
    for (const by of ways[entry]) {
      t.same(kinds({ ...usual, opened: { by, linksAreUsual: false } }), off, `${by}, off`)
      t.same(kinds({ ...usual, opened: { by, linksAreUsual: true } }), on, `${by}, on`)
    }
  }
  t.same(kinds({ ...usual, opened: { by: undefined, linksAreUsual: false } }), [], 'unsaid')
  t.same(kinds(usual), [])
})

t.test('the gravest comes first', async (t) => {
  const all = { ...usual, browser: abroad, tickets: { count: 9, usual: 3 }, knownBrowser: false }
  const opened = (by: number) => ({ by, linksAreUsual: false })
  const others = ['other_country', 'many_tickets']
  t.same(kinds({ ...all, opened: opened(1007) }), ['opened_by_card', ...others, 'new_browser'])
  t.same(kinds({ ...all, opened: opened(1048) }), [...others, 'opened_from_picture', 'new_browser'])
  t.same(kinds({ ...all, opened: opened(1047) }), [...others, 'new_browser'])
})

t.test('the phone has words for every kind, and marks the gravest, which come first', async (t) => {
  const { en, zh } = load('./components/scene-pass-confirm/words.js')
  const { viewOf } = load('./components/scene-pass-confirm/view.js')
  t.same(Object.keys(en.notices).sort(), [...NOTICE_KINDS].sort())
  t.same(Object.keys(zh.notices).sort(), [...NOTICE_KINDS].sort())
  const scan = {
    scene: 'x',
    expires_in: 1,
    site: 'x',
    requested_by: { ip: null, browser: null, os: null, at: null },
    match: { mode: 'off' },
    notices: NOTICE_KINDS.map((kind) => ({ kind })),
  }
  const { notices } = viewOf({ screen: 'ask', scan, deadline: 0, choice: null }, en)
  t.same(
    notices.map(({ grave }: { grave: boolean }) => grave),
    NOTICE_KINDS.map((_, index) => index < 6),
  )
})
