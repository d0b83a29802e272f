import { create, toBuffer } from 'qrcode'

const QUIET_ZONE = 4
const MIN_MODULE_PX = 4
/** Unfiltered rows, compressed little: five times as large, in a quarter of the time. */
const QUICK_PNG = { filterType: 0, deflateStrategy: 0, deflateLevel: 1 }

/**
 * A QR code as PNG, `width` px wide and high. Only a text far longer than a scene's URL makes it
 * wider: a module stays at least 4 px, below which cameras give up.
 */
export async function codeImage(text: string, width: number): Promise<Buffer> {
  const symbol = create(text, { errorCorrectionLevel: 'M' })
  const modules = symbol.modules.size + 2 * QUIET_ZONE
  return toBuffer(text, {
    errorCorrectionLevel: 'M',
    margin: QUIET_ZONE,
    width: Math.max(width, MIN_MODULE_PX * modules),
    // A copy: what draws the picture keeps its size in there.
    rendererOpts: { ...QUICK_PNG },
  })
}
