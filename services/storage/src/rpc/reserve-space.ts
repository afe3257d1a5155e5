import { expected } from "@pixelmesh/errors";
import type { ReserveSpaceRequest, ReserveSpaceResponse } from "@pixelmesh/proto";
import type { BlobStore } from "../domain/blob-store.ts";
import { parseJobId } from "../domain/job-id.ts";

/** ReserveSpace: reserves space for the blobs that a job will store. */
export function createReserveSpace(store: BlobStore) {
  return async (request: ReserveSpaceRequest): Promise<ReserveSpaceResponse> => {
    const { jobId, key, bytes, leastBytes, untilUnixMs } = request;
    if (jobId === "") throw expected("job_id", "the id of a job", jobId);
    if (key.length > 128) throw expected("key", "at most 128 characters", `${key.length} characters`);
    for (const [field, value] of Object.entries({ bytes, least_bytes: leastBytes, until_unix_ms: untilUnixMs }))
      if (!Number.isSafeInteger(value) || value < 0) throw expected(field, "0 or more", value);
    await store.reserve({ jobId: parseJobId("job_id", jobId), key, bytes, leastBytes, untilMs: untilUnixMs });
    return {};
  };
}
