import type { WorkItem } from "@pixelmesh/proto";

/**
 * Converts the deadline of a work item to this process's clock. The item has its publish time and its deadline by one clock. Their
 * difference, less the age of the message, remains from `nowUnixMs`, this process's time.
 */
export function toLocalDeadline(
  { deadlineUnixMs, publishedUnixMs }: Pick<WorkItem, "deadlineUnixMs" | "publishedUnixMs">,
  ageMs: number,
  nowUnixMs: number,
): number {
  return Math.round(nowUnixMs + deadlineUnixMs - publishedUnixMs - ageMs);
}
