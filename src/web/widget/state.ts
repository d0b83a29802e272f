import type { SignInStatus } from '../client.ts'

/** What the element shows. */
export type ScenePassState =
  | Exclude<SignInStatus['status'], 'canceled' | 'consumed'>
  | 'error'
  /** On a phone's browser, with a link that opens the mini program. */
  | 'link'
  /** On a phone's browser, without one. */
  | 'computer'

export type ScenePassStatus = {
  state: ScenePassState
  /** Of the current ticket, as soon as there is one. */
  scene: string | null
  /** When the current window ends, in `Date.now()`'s milliseconds. */
  expiresAt: number | null
  /** Why, in the states `denied`, `expired` and `error`: a code of the service's error catalogue. */
  code: string | null
}

export interface ScenePassEventMap extends HTMLElementEventMap {
  /** The visitor has signed in; the token goes to your server. */
  login: CustomEvent<{ token: string }>
  /** What the element shows has changed. */
  status: CustomEvent<ScenePassStatus>
}
