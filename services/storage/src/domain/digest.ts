import { expected } from "@pixelmesh/errors";

const form = /^[0-9a-f]{64}$/;

/** Returns whether a text is a SHA-256 digest as we write it: 64 lower-case hex digits. */
export function isDigest(text: string): boolean {
  return form.test(text);
}

/** Returns the digest, which is safe as a file name; throws INVALID_ARGUMENT for any other text. */
export function parseDigest(field: string, text: string): string {
  if (!isDigest(text)) throw expected(field, "64 lower-case hex digits", text);
  return text;
}
