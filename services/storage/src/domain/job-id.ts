import { expected } from "@pixelmesh/errors";

/** Returns the id of a job, empty for none; throws INVALID_ARGUMENT above 128 characters. */
export function parseJobId(field: string, text: string): string {
  if (text.length > 128) throw expected(field, "at most 128 characters", `${text.length} characters`);
  return text;
}
