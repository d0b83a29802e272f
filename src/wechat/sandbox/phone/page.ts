/** The few parts of a browser's element that the page uses. */
export type PageElement = {
  textContent: string | null
  className: string
  disabled?: boolean
  value?: string
  append(...nodes: PageElement[]): void
  replaceChildren(...nodes: PageElement[]): void
  setAttribute(name: string, value: string): void
  addEventListener(type: string, listener: (event: { preventDefault(): void }) => void): void
}

/** The few parts of a browser's window that the page uses. */
export type PageWindow = {
  document: {
    title: string
    documentElement: PageElement
    createElement(tag: string): PageElement
    getElementById(id: string): PageElement | null
  }
  location: { search: string }
  navigator: { language: string }
  fetch(
    path: string,
    init: { method: string; headers: Record<string, string>; body: string; signal: AbortSignal },
  ): Promise<{ ok: boolean; text(): Promise<string> }>
}

export type Language = 'en' | 'zh'
export type Answer = Record<string, unknown>
export type NoticeKind = 'other_country' | 'many_tickets' | 'new_browser' | 'other_address'
export type Scan = {
  site: string
  requested_by: Record<'ip' | 'country' | 'browser' | 'os' | 'at', string | null>
  match: { mode: string; code?: string; choices?: string[] }
  notices: { kind: NoticeKind; browser?: string; phone?: string; count?: number }[]
}
/** What the page knows; everything on the screen follows from it. */
export type PhoneState = {
  scene: string
  language: Language
  busy: boolean
  screen: 'none' | 'user' | 'confirm' | 'confirmed' | 'denied' | 'failed'
  user: string
  scan: Scan | null
  choice: string | null
  message: string
  back: 'user' | 'confirm'
}
