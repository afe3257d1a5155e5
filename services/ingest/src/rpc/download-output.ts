import { createHash } from "node:crypto";
import { AppError } from "@pixelmesh/errors";
import {
  type DownloadOutputRequest,
  type DownloadOutputResponse,
  type GetBlobRequest,
  StorageServiceDefinition,
} from "@pixelmesh/proto";
import { type ByteBudget, type CallContext, maxSmallBlobBytes, type RpcConnection, splitHeader } from "@pixelmesh/rpc";
import { connectBlobs } from "@pixelmesh/worker";
import { expiredOutput, findReadyOutput } from "../domain/ready-output.ts";
import type { JobStore } from "../stores/job-store.ts";
import type { Watchers } from "../watch/watchers.ts";
import { callTenant } from "./call-tenant.ts";

/** Dependencies of `createDownloadOutput`. */
export type DownloadOutputParts = {
  readonly store: Pick<JobStore, "get">;
  readonly watchers: Pick<Watchers, "view">;
  readonly downloads: ByteBudget;
  readonly storage: RpcConnection;
};

/** The size of one read from storage. Between two reads a slow client holds nothing there. */
const rangeBytes = 512 * 1024;
/** The memory of one download: a range, and the encoded rest of the previous one that is still being sent. */
const downloadBytes = 2.5 * rangeBytes;

/** The memory of a small download: the bytes from storage, those of the encoded message, and those of the frame that is sent. */
const smallDownloadBytes = 3 * maxSmallBlobBytes;

/** DownloadOutput: streams a header, then the bytes in ranges, a small output at once. Waits for memory from the download budget first. */
export function createDownloadOutput({ store, watchers, downloads, storage }: DownloadOutputParts) {
  const blobs = storage.client(StorageServiceDefinition);
  const smallBlobs = connectBlobs(storage);

  async function readRange(request: GetBlobRequest, signal: AbortSignal): Promise<Uint8Array[]> {
    const { chunks } = await splitHeader(blobs.getBlob(request, { signal, timeoutMs: 60_000 }));
    return await Array.fromAsync(chunks);
  }

  return async function* downloadOutput(
    { jobId, output: name, offsetBytes }: DownloadOutputRequest,
    { signal }: CallContext,
  ): AsyncGenerator<DownloadOutputResponse, void, undefined> {
    const job = await store.get(jobId, callTenant());
    const { outputs, outputsExpireUnixMs } = watchers.view(job);
    const output = findReadyOutput(outputs, name);
    const { sha256, sizeBytes } = output;
    const isSmall = offsetBytes === 0 && sizeBytes > 0 && sizeBytes <= maxSmallBlobBytes;
    const share = await downloads.take(isSmall ? smallDownloadBytes : downloadBytes, signal);
    try {
      if (isSmall) {
        // Storage verifies the digest of a small blob before it sends any of it.
        const value = await smallBlobs.get({ sha256, sizeBytes }, sizeBytes, signal);
        yield { part: { $case: "header", value: output } };
        yield { part: { $case: "chunk", value } };
        return;
      }
      // Storage verifies the digest of whole reads only, so a whole download is verified here.
      const hash = offsetBytes === 0 ? createHash("sha256") : undefined;
      let at = offsetBytes;
      do {
        // The first range is read before the header is sent, because a header says that the bytes are stored.
        const chunks = await readRange({ sha256, offsetBytes: at, lengthBytes: rangeLength(at, sizeBytes) }, signal);
        if (at === offsetBytes) yield { part: { $case: "header", value: output } };
        for (const value of chunks) {
          at += value.length;
          hash?.update(value);
          if (at >= sizeBytes && hash && hash.digest("hex") !== sha256) throw corrupt(name);
          yield { part: { $case: "chunk", value } };
        }
        if (chunks.length === 0 && at < sizeBytes) throw corrupt(name);
      } while (at < sizeBytes);
    } catch (error) {
      if (!(error instanceof AppError && error.reason === "BLOB_NOT_FOUND")) throw error;
      throw Date.now() >= outputsExpireUnixMs ? expiredOutput(name) : lost(name);
    } finally {
      share.release();
    }
  };
}

function lost(name: string): AppError {
  const why = "a full store evicted it early, or its bytes were damaged";
  return new AppError("BLOB_NOT_FOUND", `Output \`${name}\` is no longer stored: ${why}; run the job again`);
}

function corrupt(name: string): AppError {
  return new AppError("BLOB_CORRUPT", `The stored bytes of output \`${name}\` no longer have its digest`);
}

/** Returns at least 1, because length 0 means all bytes. Storage refuses an offset beyond the end. */
function rangeLength(at: number, sizeBytes: number): number {
  return Math.max(1, Math.min(rangeBytes, sizeBytes - at));
}
