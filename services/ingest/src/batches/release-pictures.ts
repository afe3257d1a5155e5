import { JobState } from "@pixelmesh/proto";
import type { BlobClient } from "@pixelmesh/worker";
import { sourcesPerPage } from "../domain/batch-limits.ts";
import type { BatchRun } from "./batch-run.ts";
import type { BatchStore } from "./batch-store.ts";

/**
 * Ends the hold of an ended batch on the pictures of succeeded jobs. Those of the others are kept until the batch expires, because it may be retried.
 * If this process dies, all are kept until then.
 */
export function createReleasePictures(
  batches: Pick<BatchStore, "source">,
  blobs: Pick<BlobClient, "release">,
): (run: Pick<BatchRun, "spec" | "stateOf">) => Promise<void> {
  return async ({ spec, stateOf }) => {
    const kept = new Set<string>();
    for (let index = 0; index < spec.sources; index++)
      if (stateOf(index) !== JobState.SUCCEEDED) kept.add((await batches.source(spec.batchId, index)).sha256);
    if (kept.size === 0) return blobs.release(spec.batchId);
    let digests: string[] = [];
    for (let index = 0; index < spec.sources; index++) {
      const { sha256 } = await batches.source(spec.batchId, index);
      if (!kept.has(sha256)) digests.push(sha256);
      if (digests.length < sourcesPerPage && index < spec.sources - 1) continue;
      // Without digests, all would be released.
      if (digests.length > 0) await blobs.release(spec.batchId, digests);
      digests = [];
    }
  };
}
