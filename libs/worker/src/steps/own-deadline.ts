import type { WorkItem } from "@pixelmesh/proto";

/**
 * The deadline of a work item by this process's clock. The item says by one clock when it was published and when its deadline is; what
 * remained then, less the age of the message, remains now. `nowUnixMs` is this process's time.
 */
export function toOwnDeadline(
  { deadlineUnixMs, publishedUnixMs }: Pick<WorkItem, "deadlineUnixMs" | "publishedUnixMs">,
  ageMs: number,
  nowUnixMs: number,
): number {
  return Math.round(nowUnixMs + deadlineUnixMs - publishedUnixMs - ageMs);
}
