/** Whose service it is: what our pages show of it. */
export type Site = {
  name: string
  /** Where browsers reach the service, without a trailing slash. */
  publicUrl: string
  version: string
  /** Served at `/logo`; null: pages have our own icon, and no picture beside the name. */
  logo: Logo | null
  /** `#rrggbb`, the colour of buttons and links; null: our own. */
  color: string | null
}

export type Logo = { type: LogoType; bytes: Buffer }

export type LogoType = 'image/png' | 'image/jpeg' | 'image/webp' | 'image/svg+xml'
