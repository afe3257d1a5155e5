import type { PutBlobHeader, PutBlobResponse } from "@pixelmesh/proto";
import type { ByteBudget } from "@pixelmesh/rpc";
import type { Metrics } from "@pixelmesh/telemetry";
import type { PutResult } from "../domain/blob-store.ts";
import type { LifetimeRules } from "../domain/lifetime.ts";

/** Parts that the put rpcs use: rules for the lifetime of blobs, the memory budget of uploads. */
export type PutParts = {
  readonly lifetime: LifetimeRules;
  readonly uploads: ByteBudget;
  readonly metrics: Metrics;
};

/** Creates a function that converts the result of a put to its response and counts whether the bytes existed before. */
export function createPutAnswer({ metrics }: Pick<PutParts, "metrics">) {
  const countPut = metrics.countBy("pixelmesh_cache_tier_requests_total", (result: string) => ({
    tier: "blobs",
    result,
  }));
  return ({ sha256, sizeBytes, keepUntilMs, existed }: PutResult, { mediaType }: PutBlobHeader): PutBlobResponse => {
    countPut(existed ? "hit" : "miss");
    return { blob: { sha256, sizeBytes, mediaType }, existed, keepUntilUnixMs: keepUntilMs };
  };
}
