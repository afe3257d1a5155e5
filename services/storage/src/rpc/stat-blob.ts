import type { StatBlobRequest, StatBlobResponse } from "@pixelmesh/proto";
import { parseDigest } from "../domain/digest.ts";
import { parseJobId } from "../domain/job-id.ts";
import { assertKeepUntil, type LifetimeRules } from "../domain/lifetime.ts";
import type { BlobStore } from "../domain/ports.ts";
import { toKind } from "./to-kind.ts";

/** StatBlob: what is there, and until when; extends its life and compares it with its digest where that is asked for. */
export function createStatBlob(store: BlobStore, lifetime: LifetimeRules) {
  return async (request: StatBlobRequest): Promise<StatBlobResponse> => {
    const { sha256, keepUntilUnixMs, verify } = request;
    assertKeepUntil("keep_until_unix_ms", keepUntilUnixMs, Date.now(), lifetime);
    const kind = toKind("kind", request.kind);
    const use = { kind, jobId: parseJobId("job_id", request.jobId), verify };
    const { sizeBytes, keepUntilMs } = await store.stat(parseDigest("sha256", sha256), keepUntilUnixMs, use);
    return { blob: { sha256, sizeBytes, mediaType: "" }, keepUntilUnixMs: keepUntilMs };
  };
}
