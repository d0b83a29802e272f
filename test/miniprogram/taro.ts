import t from 'tap'
import { taro } from '../fixtures/apart/mini-programs.ts'
import { skipWithoutThem } from '../fixtures/apart/packages.ts'
import { testMiniProgram } from '../fixtures/apart/try-mini-program.ts'

/** The guide's project of Taro. */

skipWithoutThem(t)
// Its build takes up to half a minute on two busy cores.
t.setTimeout(300_000)
await testMiniProgram(t, taro)
