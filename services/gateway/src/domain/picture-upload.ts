import { expected } from "@pixelmesh/errors";

/** Name of the first picture of a job. */
export const sourceName = "source";

/** Returns the name under which a file of a form is uploaded: `source` for `picture`. Throws INVALID_ARGUMENT for a name that no pipeline can use. */
export function toUploadName(part: string): string {
  if (part === "picture") return sourceName;
  if (/^[a-z][a-z0-9_-]{0,31}$/.test(part)) return part;
  throw expected("file", "named `picture`, or by 1 to 32 of a-z, 0-9, _ and -", part);
}
