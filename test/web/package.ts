import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import ts from 'typescript'
import { temporaryFolder } from '../fixtures/network/child.ts'
import { root } from '../fixtures/root.ts'

t.test('a server can import both modules', async (t) => {
  // By a name that only the package itself resolves, the way its users do.
  const [client, widget] = ['scenepass/client', 'scenepass/widget']
  t.match(await import(client), { signIn: Function, SignInError: Function })
  const { ScenePassElement, signIn } = await import(widget)
  t.type(signIn, Function)
  t.type(ScenePassElement, Function)
  t.equal((globalThis as { customElements?: unknown }).customElements, undefined)
})

/** What a site writes; where it is wrong, the compiler must say so. */
const SITE = `
import { signIn, SignInError, type SignInStatus } from 'scenepass/client'
import { ScenePassElement, type ScenePassState } from 'scenepass/widget'

const token: Promise<string> = signIn({
  baseUrl: 'https://login.example',
  signal: AbortSignal.timeout(60_000),
  onStatus: ({ status, ticket }: SignInStatus) => {
    if (status === 'pending') console.log(ticket?.codeUrl, ticket?.matchCode?.length)
    // @ts-expect-error no such status
    if (status === 'error') return
    // @ts-expect-error not before there is a ticket
    console.log(ticket.codeUrl)
  },
})
token.catch((error: unknown) => {
  if (error instanceof SignInError) console.log(error.code.length, error.requestId?.length)
})
// @ts-expect-error it must know where
signIn({})

const element = document.querySelector('scene-pass')
element?.addEventListener('login', ({ detail }) => {
  const token: string = detail.token
  // @ts-expect-error there is nothing else
  console.log(token, detail.user)
})
element?.addEventListener('status', function ({ detail }) {
  const state: ScenePassState = detail.state
  // @ts-expect-error no such state
  if (state === 'done') return
  console.log(detail.scene, detail.expiresAt, detail.code, this.autoRefresh + 1)
})
element?.addEventListener('click', (event) => console.log(event.clientX))
element?.refresh()
// @ts-expect-error it says what it shows, and is not told
element!.state = 'pending'
// @ts-expect-error a number
element!.autoRefresh = '3'
const made: ScenePassElement = document.createElement('scene-pass')
made.src = 'https://login.example'
`

const SERVER = `
import { signIn } from 'scenepass/client'
const token: string = await signIn({ baseUrl: 'https://login.example', signal: AbortSignal.timeout(1_000) })
console.log(token)
`

for (const [resolution, module] of [
  ['NodeNext', 'NodeNext'],
  ['Bundler', 'ESNext'],
] as const) {
  t.test(`its types lead a site that resolves like ${resolution}`, async (t) => {
    const folder = temporaryFolder(t)
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(fileURLToPath(root), join(folder, 'node_modules', 'scenepass'), 'junction')
    const file = join(folder, 'site.mts')
    writeFileSync(file, SITE)
    const options: ts.CompilerOptions = {
      strict: true,
      noEmit: true,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
      // What we declare is checked, what TypeScript itself does is not.
      skipDefaultLibCheck: true,
      module: ts.ModuleKind[module],
      moduleResolution: ts.ModuleResolutionKind[resolution],
      types: [],
    }
    const program = ts.createProgram([file], options)
    const files = program.getSourceFiles().map(({ fileName }) => fileName)
    t.ok(files.some((name) => name.endsWith('/dist/src/web/widget.d.ts')))
    const problems = ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText, file }) => `${file?.fileName}: ${messageTextOf(messageText)}`)
    t.same(problems, [])
  })
}

t.test('a server without the DOM in its types can use the client', async (t) => {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(fileURLToPath(root), join(folder, 'node_modules', 'scenepass'), 'junction')
  const file = join(folder, 'server.mts')
  writeFileSync(file, SERVER)
  const program = ts.createProgram([file], {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts'],
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    types: ['node'],
    typeRoots: [fileURLToPath(new URL('node_modules/@types', root))],
    skipDefaultLibCheck: true,
  })
  const problems = ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText, file }) => `${file?.fileName}: ${messageTextOf(messageText)}`)
  t.same(
    problems.filter((problem) => !problem.includes('/node_modules/@types/')),
    [],
  )
})

const messageTextOf = (text: string | ts.DiagnosticMessageChain): string =>
  ts.flattenDiagnosticMessageText(text, '\n')
