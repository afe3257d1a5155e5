import { expected } from "@pixelmesh/errors";

const form = /^[0-9a-f]{64}$/;

/** Whether a text is a sha256 as we write it: 64 lower-case hex digits. */
export function isDigest(text: string): boolean {
  return form.test(text);
}

/** The digest itself; throws INVALID_ARGUMENT for anything else, so that a digest is always safe as a file name. */
export function parseDigest(field: string, text: string): string {
  if (!isDigest(text)) throw expected(field, "64 lower-case hex digits", text);
  return text;
}
