import { describeReasons } from "@pixelmesh/errors";
import { toPage } from "./markdown.ts";

/** The table of reasons. */
export function errorsPage(): string {
  return toPage("Errors", "libs/errors/src/reasons.ts", [
    "Each failed call carries `google.rpc.ErrorInfo` with one reason of this list, `BadRequest` with the fields at fault, and `RetryInfo` where a later call may succeed. A failed job holds the same reason in its `error`.",
    describeReasons().trim(),
  ]);
}
