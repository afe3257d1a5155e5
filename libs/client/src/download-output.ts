import { createHash } from "node:crypto";
import { AppError } from "@pixelmesh/errors";
import type { JobServiceDefinition, OutputStatus } from "@pixelmesh/proto";
import { type RpcClient, splitHeader } from "@pixelmesh/rpc";
import { callWithRetries, createBackoff } from "./retry.ts";

/** One output: its header, then its bytes. */
export type Download = { readonly header: OutputStatus; readonly chunks: AsyncGenerator<Uint8Array, void, undefined> };

/** Options of a download. */
export type DownloadOptions = { readonly offsetBytes?: number; readonly signal?: AbortSignal };

/**
 * Downloads one output from `offsetBytes` on. After a lost connection it resumes at the last received byte. Throws JOB_NOT_FOUND,
 * OUTPUT_NOT_FOUND, OUTPUT_NOT_READY or OUTPUT_EXPIRED. The chunks throw BLOB_CORRUPT if the length, or from offset 0 the sha256, differs
 * from the header.
 */
export async function downloadOutput(
  rpc: RpcClient<JobServiceDefinition>,
  jobId: string,
  output: string,
  options: DownloadOptions & { readonly retryTimeoutMs: number },
): Promise<Download> {
  const { offsetBytes: fromBytes = 0, signal, retryTimeoutMs } = options;
  const open = (offsetBytes: number) =>
    splitHeader(
      rpc.downloadOutput({ jobId, output, offsetBytes }, { timeoutMs: 15 * 60_000, ...(signal ? { signal } : {}) }),
    );
  const { header, chunks: firstChunks } = await callWithRetries(() => open(fromBytes), { retryTimeoutMs, signal });

  async function* read(): Download["chunks"] {
    const backoff = createBackoff(retryTimeoutMs);
    const hash = fromBytes === 0 ? createHash("sha256") : undefined;
    let atBytes = fromBytes;
    let chunks: Download["chunks"] | undefined = firstChunks;
    for (;;) {
      try {
        chunks ??= (await open(atBytes)).chunks;
        for await (const chunk of chunks) {
          atBytes += chunk.length;
          hash?.update(chunk);
          backoff.reset();
          yield chunk;
        }
        break;
      } catch (error) {
        chunks = undefined;
        await backoff.wait(error, signal);
      }
    }
    if (atBytes !== header.sizeBytes || (hash && hash.digest("hex") !== header.sha256)) {
      throw new AppError("BLOB_CORRUPT", `Output \`${output}\` arrived with other bytes than its header announces`);
    }
  }
  return { header, chunks: read() };
}
