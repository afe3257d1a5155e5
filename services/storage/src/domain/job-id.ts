import { expected } from "@pixelmesh/errors";

/** The id of a job, or an empty text for none; throws INVALID_ARGUMENT for one that is too long to be remembered. */
export function parseJobId(field: string, text: string): string {
  if (text.length > 128) throw expected(field, "at most 128 characters", `${text.length} characters`);
  return text;
}
