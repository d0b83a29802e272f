/**
 * Takes secret values out of a text that is about to be logged: WeChat's errmsg and the messages of
 * network errors may repeat what was sent, plain or as it stood in the URL.
 */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text
  for (const secret of secrets) {
    if (secret === '') continue
    clean = clean.replaceAll(secret, '[redacted]')
    clean = clean.replaceAll(new URLSearchParams([['', secret]]).toString().slice(1), '[redacted]')
    clean = clean.replaceAll(encodeURIComponent(secret), '[redacted]')
  }
  return clean
}
