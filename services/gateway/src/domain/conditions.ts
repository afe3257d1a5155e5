/**
 * Whether `If-None-Match` names the entity tag (RFC 9110, 13.1.2): `*`, or a list whose tags are compared weakly. The answer is then 304. `etag` is a
 * strong tag with its quotes.
 */
export function isNoneMatchHit(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === "*") return true;
  const tags = header.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => tag.replace(/^W\//, "") === etag);
}

/** Whether a range is to be served: without `If-Range`, or if it is the same strong tag (RFC 9110, 13.1.5). A date never matches, because pictures have none. */
export function isRangeAllowed(ifRange: string | undefined, etag: string): boolean {
  return ifRange === undefined || ifRange.trim() === etag;
}
