import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { runProgram, skipWithout } from '../fixtures/debian.ts'
import { read } from '../fixtures/guide.ts'
import { temporaryFolder } from '../fixtures/network/child.ts'

const skip = skipWithout('systemd-analyze', 'systemd', 'SCENEPASS_SYSTEMD')
const unit = read('deploy/scenepass.service')

t.test('systemd understands the unit, every line of it', { skip }, async (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'scenepass.service')
  // Node.js is where this machine has it: verify looks whether what it starts is there.
  const here = unit.replace('/usr/bin/node', process.execPath)
  writeFileSync(file, here)
  t.same(runProgram('systemd-analyze', ['verify', file]), { status: 0, out: '' })

  const broken = join(folder, 'broken.service')
  writeFileSync(broken, here.replace('ProtectHome=', 'ProtectHomes='))
  t.match(runProgram('systemd-analyze', ['verify', broken]).out, 'ProtectHomes', 'it does look')
})

t.test('the unit keeps the service to what it needs', { skip }, async (t) => {
  const file = join(temporaryFolder(t), 'scenepass.service')
  cpSync('deploy/scenepass.service', file)
  // 20 is 2.0 of 10, where 10 is no protection at all.
  const { status, out } = runProgram('systemd-analyze', [
    'security',
    '--offline=yes',
    '--threshold=20',
    file,
  ])
  t.equal(status, 0, out.trim().split('\n').at(-1) ?? '')
})

t.test('the unit lets code be written while it runs, as V8 and WebAssembly do', async (t) => {
  t.notMatch(unit, /^MemoryDenyWriteExecute/m)
})
