import { expected } from "@pixelmesh/errors";
import type { PutBlobHeader, PutBlobRequest, PutBlobResponse } from "@pixelmesh/proto";
import { type ByteBudget, type CallContext, coalesceChunks, splitHeader } from "@pixelmesh/rpc";
import type { Metrics } from "@pixelmesh/telemetry";
import type { BlobStore, PutOptions } from "../domain/blob-store.ts";
import { parseDigest } from "../domain/digest.ts";
import { parseJobId } from "../domain/job-id.ts";
import { assertKeepUntil, type LifetimeRules } from "../domain/lifetime.ts";
import { parseKind } from "./parse-kind.ts";

/** Parts that PutBlob uses: rules for the lifetime of blobs, the memory budget of uploads. */
export type PutBlobParts = {
  readonly lifetime: LifetimeRules;
  readonly uploads: ByteBudget;
  readonly metrics: Metrics;
};

/** PutBlob: resolves once the bytes are durable; counts whether they existed before. */
export function createPutBlob(store: BlobStore, { lifetime, uploads, metrics }: PutBlobParts) {
  const countPut = metrics.countBy("pixelmesh_cache_tier_requests_total", (result: string) => ({
    tier: "blobs",
    result,
  }));
  return async function putBlob(
    stream: AsyncIterable<PutBlobRequest>,
    { signal }: CallContext,
  ): Promise<PutBlobResponse> {
    const { header, chunks } = await splitHeader(stream, { isEndMarked: true });
    const share = uploads.open();
    const put = await store
      .put(coalesceChunks(chunks, share), parseHeader(header, lifetime), signal)
      .finally(share.release);
    const { sha256, sizeBytes, keepUntilMs, existed } = put;
    countPut(existed ? "hit" : "miss");
    return { blob: { sha256, sizeBytes, mediaType: header.mediaType }, existed, keepUntilUnixMs: keepUntilMs };
  };
}

function parseHeader(header: PutBlobHeader, lifetime: LifetimeRules): PutOptions {
  const { sha256, sizeBytes, keepUntilUnixMs } = header;
  assertKeepUntil("header.keep_until_unix_ms", keepUntilUnixMs, Date.now(), lifetime);
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) throw expected("header.size_bytes", "0 or more", sizeBytes);
  return {
    ...(sha256 === "" ? {} : { sha256: parseDigest("header.sha256", sha256) }),
    ...(sizeBytes === 0 ? {} : { sizeBytes }),
    keepUntilMs: keepUntilUnixMs,
    kind: parseKind("header.kind", header.kind),
    jobId: parseJobId("header.job_id", header.jobId),
  };
}
