import { boot } from './cli/boot.ts'

/** `npm start`. All that it does is in cli/start.ts, which an old Node.js could not even read. */
await boot(async (handOver) => (await import('./cli/start.ts')).start(handOver))
