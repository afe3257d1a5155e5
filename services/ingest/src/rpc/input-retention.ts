import { BlobKind } from "@pixelmesh/proto";
import type { BlobRetention } from "@pixelmesh/worker";

/** An input is kept for this time beyond its job's deadline, because clocks differ. */
const marginMs = 60_000;

/** Returns the retention of the inputs of a job: for as long as the job may be open. */
export function toInputRetention(jobId: string, deadlineUnixMs: number): BlobRetention {
  return { kind: BlobKind.INPUT, jobId, keepUntilUnixMs: deadlineUnixMs + marginMs };
}
