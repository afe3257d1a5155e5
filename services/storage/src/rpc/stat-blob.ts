import type { StatBlobRequest, StatBlobResponse } from "@pixelmesh/proto";
import type { BlobStore } from "../domain/blob-store.ts";
import { parseDigest } from "../domain/digest.ts";
import { parseJobId } from "../domain/job-id.ts";
import { assertKeepUntil, type LifetimeRules } from "../domain/lifetime.ts";
import { parseSavedMs } from "../domain/saved-ms.ts";
import { parseKind } from "./parse-kind.ts";

/** StatBlob: returns a blob's size and keepUntil; extends its lifetime and verifies it on request. */
export function createStatBlob(store: BlobStore, lifetime: LifetimeRules) {
  return async (request: StatBlobRequest): Promise<StatBlobResponse> => {
    const { sha256, keepUntilUnixMs, verify } = request;
    assertKeepUntil("keep_until_unix_ms", keepUntilUnixMs, Date.now(), lifetime);
    const kind = parseKind("kind", request.kind);
    const savedMs = parseSavedMs("saved_ms", request.savedMs);
    const use = { kind, jobId: parseJobId("job_id", request.jobId), verify, savedMs };
    const { sizeBytes, keepUntilMs, tier } = await store.stat(parseDigest("sha256", sha256), keepUntilUnixMs, use);
    return { blob: { sha256, sizeBytes, mediaType: "" }, keepUntilUnixMs: keepUntilMs, tier };
  };
}
