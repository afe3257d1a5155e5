/** Returns an address without user, password, query and fragment, which may be secret; empty for text that is no address. */
export function toPublicUrl(text: string): string {
  const url = URL.parse(text);
  return url === null ? "" : `${url.protocol}//${url.host}${url.pathname}`;
}
