import type { Look } from './words.ts'

const CIRCLE = 'M44 24a20 20 0 1 1 0-1z'
const PHONE = 'M14 4h20v40H14zM22 38h4'
const RING = 'M24 6a18 18 0 1 1-18 18'

/** One path each, drawn as strokes in a box of 48; none where the code itself is shown. */
export const pictures: Record<Exclude<Look, 'pending' | 'press' | 'album'>, string> = {
  loading: RING,
  signing: RING,
  scanned: `${PHONE}M19 21h.01M24 21h.01M29 21h.01`,
  confirmed: `${CIRCLE}M15 25l6 6 12-13`,
  denied: `${CIRCLE}M17 17l14 14M31 17L17 31`,
  expired: `${CIRCLE}M24 13v12l8 5`,
  offline: 'M5 18a28 28 0 0 1 38 0M14 28a16 16 0 0 1 20 0M24 38h.01M8 6l32 36',
  busy: 'M13 5h22L13 43h22z',
  error: 'M24 6L4 42h40zM24 19v11M24 36h.01',
  link: `${PHONE}M20 26l8-8M21 18h7v7`,
  computer: `${PHONE}M24 12v16M19 23l5 5 5-5`,
}
