import { createLogin, type Login } from './login.ts'
import type { SignInChannel } from '../client.ts'
import type { ScenePassEventMap, ScenePassState } from './state.ts'

type Listening<Options> = {
  <K extends keyof ScenePassEventMap>(
    type: K,
    listener: (this: ScenePassElement, event: ScenePassEventMap[K]) => unknown,
    options?: boolean | Options,
  ): void
  (type: string, listener: EventListenerOrEventListenerObject, options?: boolean | Options): void
}

/** The events of the element beside those of every other. */
interface TypedElement extends HTMLElement {
  addEventListener: Listening<AddEventListenerOptions>
  removeEventListener: Listening<EventListenerOptions>
}

// A server that renders pages has no such class, and no element either.
const Base = (globalThis.HTMLElement ?? class {}) as unknown as new () => TypedElement

/**
 * `<scene-pass>`: shows the code and what comes of it, and dispatches `login` when the visitor has
 * signed in. Begins when it is put on a page; cancels its ticket when it, or the page, goes.
 */
export class ScenePassElement extends Base {
  static get observedAttributes(): string[] {
    return ['src', 'channel', 'begin', 'lang']
  }

  private readonly login: Login
  private readonly turn: (event: PageTransitionEvent) => void

  constructor() {
    super()
    this.login = createLogin(
      this.attachShadow({ mode: 'open' }),
      () => ({
        baseUrl: this.src,
        channel: this.channel,
        begin: this.begin,
        language:
          this.closest<HTMLElement>('[lang]')?.lang ||
          document.documentElement.lang ||
          navigator.language,
        renewals: this.autoRefresh,
      }),
      (type, detail) =>
        void this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true })),
    )
    // A page that leaves cancels its ticket, so one that comes back out of the cache begins again.
    this.turn = ({ type, persisted }) => {
      if (type === 'pagehide') this.login.stop()
      else if (persisted) this.login.start()
    }
  }

  /** Where ScenePass is; by default where it served this module from, or empty in a bundle. */
  get src(): string {
    try {
      // The build of the package has null for the module's address: bundlers would take it for a file
      // of theirs, or write the address of the machine that builds into it.
      const src = this.getAttribute('src') || new URL('.', import.meta.url)
      return new URL(src, document.baseURI).href
    } catch {
      return ''
    }
  }
  set src(url: string) {
    this.setAttribute('src', url)
  }

  /**
   * `miniprogram` or `official_account`: whose code is shown; empty, the default: the service's only
   * account, or its mini program.
   */
  get channel(): SignInChannel | '' {
    return (this.getAttribute('channel') ?? '') as SignInChannel
  }
  set channel(channel: SignInChannel | '') {
    this.setAttribute('channel', channel)
  }

  /** The path on `src` that creates the ticket; empty, the default: `/ticket`. */
  get begin(): string {
    return this.getAttribute('begin') ?? ''
  }
  set begin(path: string) {
    this.setAttribute('begin', path)
  }

  /** `light`, `dark` or `auto`, the default: as the page has it. */
  get theme(): string {
    return this.getAttribute('theme') ?? 'auto'
  }
  set theme(theme: string) {
    this.setAttribute('theme', theme)
  }

  /** How often an expired code renews itself before it waits for a click: 3 by default. */
  get autoRefresh(): number {
    // Of null it makes NaN.
    const times = parseInt(this.getAttribute('auto-refresh') as string, 10)
    return times >= 0 ? times : 3
  }
  set autoRefresh(times: number) {
    this.setAttribute('auto-refresh', `${times}`)
  }

  /** What the element shows now. */
  get state(): ScenePassState {
    return this.login.status().state
  }

  /** The scene of the current ticket, or null. */
  get scene(): string | null {
    return this.login.status().scene
  }

  /** Cancels what is under way and begins again with a new code. */
  refresh(): void {
    this.login.start()
  }

  connectedCallback(): void {
    addEventListener('pagehide', this.turn)
    addEventListener('pageshow', this.turn)
    this.login.start()
  }

  disconnectedCallback(): void {
    removeEventListener('pagehide', this.turn)
    removeEventListener('pageshow', this.turn)
    this.login.stop()
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (!this.isConnected || before === now) return
    if (name === 'lang') this.login.draw()
    else this.login.start()
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'scene-pass': ScenePassElement
  }
}
