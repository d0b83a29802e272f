import t from 'tap'
import { checkEngine } from '../fixtures/browser/engines/checks.ts'

await checkEngine(t, 'chromium')
