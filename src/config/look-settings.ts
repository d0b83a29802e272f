import { Type } from 'typebox'

/** How the service's own pages look. */
export const lookSettings = {
  SITE_LOGO: Type.Optional(
    Type.String({
      // A drive of Windows has one letter; what is longer is a scheme.
      pattern: '^(?![A-Za-z][\\w+.-]+:).+$',
      description:
        'the path of a PNG, SVG, JPEG or WebP file on this machine, such as ./logo.svg (no URL)',
    }),
  ),
  SITE_COLOR: Type.Optional(
    Type.String({
      // Without its mark, too, which begins a comment in .env.
      pattern: '^#?([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$',
      description: 'a colour of 3 or 6 hexadecimal digits, such as 07c160 or "#07c160"',
    }),
  ),
}
