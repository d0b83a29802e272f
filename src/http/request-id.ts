import { nanoid } from 'nanoid'

/** Request ids that are unique across instances and cheap to make: a prefix a process and a count. */
export function createRequestIds(): () => string {
  const prefix = nanoid(8)
  let count = 0
  return () => `${prefix}-${(++count).toString(36)}`
}
