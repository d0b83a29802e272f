const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const jpeg = Buffer.from([0xff, 0xd8, 0xff])

export type ImageType = 'image/png' | 'image/jpeg'

/**
 * What an image really is, by its first bytes; undefined when it is neither. WeChat's Content-Type
 * says image/jpeg for a PNG too, so it is not asked.
 */
export function imageType(bytes: Buffer): ImageType | undefined {
  if (bytes.subarray(0, png.length).equals(png)) return 'image/png'
  if (bytes.subarray(0, jpeg.length).equals(jpeg)) return 'image/jpeg'
  return undefined
}
