import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { engines } from '../fixtures/browser/engines/engines.ts'
import { untilPage } from '../fixtures/browser/engines/page.ts'
import { startChild, temporaryFolder } from '../fixtures/network/child.ts'

/** The processes whose temporary files go into a folder. */
const processesOf = (folder: string): string[] =>
  readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`TMPDIR=${folder}\0`)
    } catch {
      // It has ended, or belongs to another user.
      return false
    }
  })

const skip = process.platform !== 'linux' && 'NOT TESTED: this needs Linux'

for (const name of Object.keys(engines)) {
  // Playwright sees to its own.
  if (name === 'chromium') continue
  t.test(`kill -9 of what drives ${name} leaves none of its processes`, { skip }, async (t) => {
    const folder = temporaryFolder(t)
    const child = startChild(t, 'test/fixtures/browser/engines/hold-window.ts', {
      args: [name],
      env: { TMPDIR: folder },
    })
    const opened = await child.wrote('stdout', /\n/).catch((error: unknown) => {
      if (!child.stderr().startsWith('NOT TESTED')) throw error
    })
    if (!opened) return void t.pass(child.stderr(), { skip: true })
    t.ok(processesOf(folder).length >= 3, 'there is something to end')
    child.process.kill('SIGKILL')
    await untilPage('the end of all processes', async () => processesOf(folder).length === 0)
    t.same(readdirSync(folder), [], 'nor their files')
  })
}
