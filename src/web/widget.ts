import { ScenePassElement } from './widget/element.ts'

export { signIn, SignInError } from './client.ts'
export type { SignInChannel, SignInOptions, SignInStatus } from './client.ts'
export type { ScenePassEventMap, ScenePassState, ScenePassStatus } from './widget/state.ts'
export { ScenePassElement }

// A page may load the module twice, from two addresses.
if (globalThis.customElements && !customElements.get('scene-pass')) {
  customElements.define('scene-pass', ScenePassElement)
}
