/** A push that is not taken. Its reason is for the log alone: an attacker learns nothing of it. */
export class PushRefused extends Error {
  override name = 'PushRefused'
}

export const refuse = (reason: string): PushRefused => new PushRefused(reason)
