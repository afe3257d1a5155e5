/** Bytes of a representation: from `start` up to and including `end`. */
export type ByteRange = { readonly start: number; readonly end: number };

/**
 * Reads a `Range` header for a representation of `size` bytes (RFC 9110, 14.1 and 14.2). Returns `undefined` for a header that is to be ignored:
 * another unit, a malformed one, or several ranges, which a server need not serve. Returns "unsatisfiable" for a range outside of the bytes.
 */
export function parseRange(header: string, size: number): ByteRange | "unsatisfiable" | undefined {
  const [, first = "", last = ""] = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/i.exec(header) ?? [];
  if (first === "" && last === "") return undefined;
  if (first === "") {
    const length = Number(last);
    if (length === 0 || size === 0) return "unsatisfiable";
    return { start: Math.max(0, size - length), end: size - 1 };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return undefined;
  if (start >= size) return "unsatisfiable";
  return { start, end: last === "" ? size - 1 : Math.min(Number(last), size - 1) };
}
