import { AppError } from "@pixelmesh/errors";
import { requestDigest } from "@pixelmesh/pipeline";
import type { CreateJobHeader, Source } from "@pixelmesh/proto";
import type { JobStore, StoredJob } from "../../stores/job-store.ts";

/** Returns the job that an earlier call with the same request id created; undefined if there is none. */
export async function findEarlierJob(
  store: Pick<JobStore, "find" | "findRequest">,
  tenant: string,
  requestId: string,
): Promise<StoredJob | undefined> {
  const known = requestId === "" ? undefined : await store.findRequest({ tenant, requestId });
  return known && store.find(known.jobId);
}

/** Throws REQUEST_ID_REUSED if the earlier job was created from another pipeline or other pictures. */
export function assertSameRequest(header: CreateJobHeader, requested: readonly Source[], earlier: StoredJob): void {
  if (earlier.spec.requestDigest !== requestDigest(header, requested)) throw requestIdReused();
}

/** Returns the error of a request id that another request has used. */
export function requestIdReused(): AppError {
  return new AppError("REQUEST_ID_REUSED", "This request id was used before, with another pipeline or picture");
}
