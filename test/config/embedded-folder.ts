import t from 'tap'
import { ConfigError, readConfig } from '../../src/config/config.ts'

const urlOf = (url: string): string => readConfig({ DATABASE_URL: url }).database.url

t.test(
  'a folder that would be somewhere else than it says is refused with the right form',
  async (t) => {
    for (const url of [
      'pglite:~/data',
      'pglite:~',
      'pglite:~operator/data',
      'pglite://./data',
      'pglite:///srv/data',
      'pglite:memory://',
      'pglite:file:///srv/data',
      'pglite:idb://data',
    ]) {
      const error = (() => {
        try {
          return urlOf(url)
        } catch (e) {
          return e
        }
      })()
      t.ok(error instanceof ConfigError, url)
      t.match(
        (error as Error).message,
        /DATABASE_URL must be .*pglite:\.\/data or pglite:\/srv/,
        url,
      )
    }
  },
)

t.test('every plain path is taken as it is', async (t) => {
  for (const url of [
    'pglite:memory',
    'pglite:./data',
    'pglite:data~1',
    'pglite:/srv/with blanks/二维码',
    'pglite:C:\\scenepass\\data',
  ]) {
    t.equal(urlOf(url), url)
  }
})
