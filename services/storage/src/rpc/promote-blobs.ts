import { answerRequests } from "@pixelmesh/bus";
import { AppError, expected, toAppError } from "@pixelmesh/errors";
import { type BlobPromotion, PromoteBlobsRequest, PromoteBlobsResponse } from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import type { ServiceBase } from "@pixelmesh/service";
import type { BlobStore } from "../domain/blob-store.ts";
import { parseDigest } from "../domain/digest.ts";

/** Largest number of digests of one call. */
const maxDigests = 64;
/** Calls that wait for their turn. Further ones are refused. */
const maxWaiting = 16;
const retryAfterMs = 1_000;
/** Ingest asks every replica through the broker: see `answerRequests`. */
const subject = "storage.promote";
/** Time of one request of the broker. */
const requestTimeoutMs = 30_000;

/** PromoteBlobs: copies blobs to the fastest tier of this replica, one after another. */
export type PromoteBlobs = (request: PromoteBlobsRequest, signal: AbortSignal) => Promise<PromoteBlobsResponse>;

/** Creates the call, for the rpc and for requests of the broker together. */
export function createPromoteBlobs(store: BlobStore, instance: string): PromoteBlobs {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();

  async function promote(sha256: string, signal: AbortSignal): Promise<BlobPromotion> {
    try {
      signal.throwIfAborted();
      const { tier, wasThere, sizeBytes } = await store.promote(sha256, signal);
      return { sha256, tier: tier ?? "", moved: !wasThere, sizeBytes, reason: "" };
    } catch (error) {
      return { sha256, tier: "", moved: false, sizeBytes: 0, reason: toAppError(error).reason };
    }
  }

  async function promoteAll(digests: readonly string[], signal: AbortSignal): Promise<BlobPromotion[]> {
    const blobs: BlobPromotion[] = [];
    for (const sha256 of digests) blobs.push(await promote(sha256, signal));
    return blobs;
  }

  return async ({ sha256 }, signal) => {
    if (sha256.length < 1 || sha256.length > maxDigests)
      throw expected("sha256", `1 to ${maxDigests} digests`, `${sha256.length} digests`);
    const digests = sha256.map((digest) => parseDigest("sha256", digest));
    if (waiting >= maxWaiting)
      throw new AppError("QUEUE_FULL", `${maxWaiting} calls wait for their blobs to be copied`, { retryAfterMs });
    waiting += 1;
    const turn = last.then(() => promoteAll(digests, signal));
    last = turn;
    try {
      return { instance, blobs: await turn };
    } finally {
      waiting -= 1;
    }
  };
}

/** Creates the handler of the rpc. */
export function createPromoteBlobsRpc(promote: PromoteBlobs) {
  return (request: PromoteBlobsRequest, { signal }: CallContext): Promise<PromoteBlobsResponse> =>
    promote(request, signal);
}

/** Answers requests of ingest that come through the broker. Returns a function that stops it. */
export function answerPromotions({ bus }: Pick<ServiceBase, "bus">, promote: PromoteBlobs): () => void {
  return answerRequests(bus, subject, PromoteBlobsResponse, (data) =>
    promote(PromoteBlobsRequest.decode(data), AbortSignal.timeout(requestTimeoutMs)),
  );
}
