import t from 'tap'
import { readClientArguments, type Command } from '../../src/cli/client-arguments.ts'
import { commands } from '../../src/cli/client-commands.ts'
import { UsageError } from '../../src/cli/command.ts'

const redirect = ['--redirect', 'https://app.example.com/cb']

function usageError(work: () => unknown): UsageError | null {
  try {
    work()
    return null
  } catch (error) {
    if (error instanceof UsageError) return error
    throw error
  }
}

t.test('each wrong argument is named, in both languages', async (t) => {
  const around = { production: true, reserved: ['web', 'own'], emailDomain: false }
  const name = ['add', '--name', 'x']
  const cases: [string[], RegExp][] = [
    [['add', ...redirect], /^--name is missing/],
    [['add', '--name', '', ...redirect], /^--name must be/],
    [['add', '--name', 'a\u202eb', ...redirect], /^--name must be/],
    [['add', '--name', 'x'.repeat(65), ...redirect], /^--name must be/],
    [name, /^--redirect is missing/],
    [['add', '--name'], /^add: .*--name.* missing/],
    [[...name, '--colour', 'red'], /^add: Unknown option '--colour'/],
    [[...name, '--name', 'y', ...redirect], /^--name can be given once/],
    [[...name, ...redirect, 'extra'], /^add does not take "extra"/],
    [[...name, '--redirect', 'app.example.com'], /^--redirect "app\.example\.com" is not absolute/],
    [[...name, '--redirect', 'https://a:pw@a.example/'], /^--redirect has a name or a password/],
    [[...name, ...redirect, '--logout', 'a.b:/'], /^--logout "a\.b:\/" must begin/],
    [[...name, ...redirect, '--home', 'home'], /^--home "home" is not absolute/],
    [[...name, ...redirect, '--id', 'a/b'], /^--id "a\/b" must be 1 to 64/],
    [[...name, ...redirect, '--id', 'web'], /^--id "web" is an audience/],
    [[...name, ...redirect, '--id', 'own'], /^--id "own" is an audience/],
    [[...name, ...redirect, '--id', 'sandbox'], /^--id "sandbox" is the sandbox's/],
    [[...name, ...redirect, '--email'], /^--email needs OIDC_EMAIL_DOMAIN/],
    [[...name, ...redirect, '--for', 'word'], /^--for "word" is none of these: grafana/],
    [[...name, ...redirect, '--public', '--for', 'gitea'], /^--for "gitea" wants a client with/],
    [['show'], /^show needs the client_id/],
    [['show', 'a', 'b'], /^show does not take "b"/],
    [['set', 'a'], /^set needs an option/],
    [['set', 'a', '--refresh', '--no-refresh'], /^--refresh and --no-refresh exclude/],
    [['set', 'a', '--enable', '--disable'], /^--enable and --disable exclude/],
    [['list', '--public'], /^list: Unknown option '--public'/],
  ]
  for (const [[command, ...args], pattern] of cases) {
    const error = usageError(() =>
      commands[command as Command](readClientArguments(command as Command, args), around),
    )
    t.match(error?.message, pattern)
    t.match(error?.words.zh, /\p{Script=Han}/u)
    t.notMatch(`${error?.message}${error?.words.zh}`, /pw@|\n/)
  }
})
