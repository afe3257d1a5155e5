/** Form of a JSON pointer (RFC 6901): empty for the whole document, or tokens that begin with a slash. */
export const pointerForm = /^(\/([^~/]|~[01])*)*$/;

/** Reads the value at a JSON pointer. Undefined where there is none. Only own members count. */
export function readPointer(document: unknown, pointer: string): unknown {
  let value = document;
  for (const token of pointer.split("/").slice(1)) {
    const key = token.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}
