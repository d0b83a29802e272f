/** What a route's `url` matches: the whole path, without its query. */
export const patternOf = (url: string): RegExp =>
  new RegExp(`^${url.replaceAll('.', '\\.').replace(/:[^/]+/g, '[^/]+')}$`)

export const pathOf = (url = ''): string => url.split('?', 1)[0] ?? ''
