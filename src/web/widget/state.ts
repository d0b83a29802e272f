import type { SignInStatus } from '../client.ts'

/** What the element shows. */
export type ScenePassState =
  | Exclude<SignInStatus['status'], 'canceled' | 'consumed'>
  | 'error'
  /** On a phone's browser, with a link that opens the mini program. */
  | 'link'
  /** On a phone's browser, without one: how to scan the code from the phone's own pictures. */
  | 'computer'

export type ScenePassStatus = {
  state: ScenePassState
  /** Of the current ticket, as soon as there is one. */
  scene: string | null
  /** When the current window ends, in `Date.now()`'s milliseconds. */
  expiresAt: number | null
  /**
   * Why, in the states `denied`, `expired` and `error`: a code of the service's error catalogue, or
   * `SRC_MISSING`, or `SITE_FAILED`.
   */
  code: string | null
}

export type ScenePassLogin = {
  token: string
  /**
   * Until it resolves the element says that the sign-in goes on. When it rejects the element shows the
   * error `SITE_FAILED`, and a button to begin again. To be called while the event is heard.
   */
  waitUntil: (promise: Promise<unknown>) => void
}

export interface ScenePassEventMap extends HTMLElementEventMap {
  /** The visitor has signed in; the token goes to your server. */
  login: CustomEvent<ScenePassLogin>
  /** What the element shows has changed. */
  status: CustomEvent<ScenePassStatus>
}
