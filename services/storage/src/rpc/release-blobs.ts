import { expected } from "@pixelmesh/errors";
import type { ReleaseBlobsRequest, ReleaseBlobsResponse } from "@pixelmesh/proto";
import type { BlobStore } from "../domain/blob-store.ts";
import { parseDigest } from "../domain/digest.ts";
import { parseJobId } from "../domain/job-id.ts";

/** ReleaseBlobs: ends a job's need of some blobs, or of all. */
export function createReleaseBlobs(store: BlobStore) {
  return async ({ jobId, sha256 }: ReleaseBlobsRequest): Promise<ReleaseBlobsResponse> => {
    if (jobId === "") throw expected("job_id", "the id of a job", jobId);
    const digests = sha256.map((digest) => parseDigest("sha256", digest));
    const id = parseJobId("job_id", jobId);
    return { released: await store.release(id, digests.length > 0 ? digests : undefined) };
  };
}
