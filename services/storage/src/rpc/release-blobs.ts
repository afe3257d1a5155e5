import { expected } from "@pixelmesh/errors";
import type { ReleaseBlobsRequest, ReleaseBlobsResponse } from "@pixelmesh/proto";
import type { BlobStore } from "../domain/blob-store.ts";
import { parseDigest } from "../domain/digest.ts";
import { parseJobId } from "../domain/job-id.ts";

/** Largest number of further jobs in one call. */
const maxFurtherJobs = 1_000;

/** ReleaseBlobs: ends a job's need of some blobs, or that of one or more jobs of all their blobs. */
export function createReleaseBlobs(store: BlobStore) {
  return async ({ jobId, sha256, furtherJobIds }: ReleaseBlobsRequest): Promise<ReleaseBlobsResponse> => {
    if (jobId === "") throw expected("job_id", "the id of a job", jobId);
    if (furtherJobIds.length > maxFurtherJobs)
      throw expected("further_job_ids", `at most ${maxFurtherJobs} ids`, furtherJobIds.length);
    if (furtherJobIds.length > 0 && sha256.length > 0)
      throw expected("sha256", "no digests beside further_job_ids", `${sha256.length} digests`);
    const digests = sha256.map((digest) => parseDigest("sha256", digest));
    const ids = [parseJobId("job_id", jobId), ...furtherJobIds.map((id) => parseJobId("further_job_ids", id))];
    let released = 0;
    let failure: unknown;
    for (const id of ids) {
      try {
        released += await store.release(id, digests.length > 0 ? digests : undefined);
      } catch (error) {
        // The other jobs are released all the same.
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return { released, releasedJobs: ids.length };
  };
}
