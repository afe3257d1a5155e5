import type { StatBlobRequest, StatBlobResponse } from "@pixelmesh/proto";
import { parseDigest } from "../domain/digest.ts";
import { assertKeepUntil, type LifetimeRules } from "../domain/lifetime.ts";
import type { BlobStore } from "../domain/ports.ts";

/** StatBlob: what is there, and until when; extends its life where that is asked for. */
export function createStatBlob(store: BlobStore, lifetime: LifetimeRules) {
  return async ({ sha256, keepUntilUnixMs }: StatBlobRequest): Promise<StatBlobResponse> => {
    assertKeepUntil("keep_until_unix_ms", keepUntilUnixMs, Date.now(), lifetime);
    const { sizeBytes, keepUntilMs } = await store.stat(parseDigest("sha256", sha256), keepUntilUnixMs);
    return { blob: { sha256, sizeBytes, mediaType: "" }, keepUntilUnixMs: keepUntilMs };
  };
}
