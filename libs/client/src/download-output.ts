import { createHash } from "node:crypto";
import { AppError } from "@pixelmesh/errors";
import type { JobServiceDefinition, OutputStatus } from "@pixelmesh/proto";
import { type RpcClient, splitHeader } from "@pixelmesh/rpc";
import { callPatiently, createPatience } from "./patience.ts";

/** One output: what it is, then its bytes. */
export type Download = { readonly header: OutputStatus; readonly chunks: AsyncGenerator<Uint8Array, void, undefined> };

/** How a download is read. */
export type DownloadOptions = { readonly offsetBytes?: number; readonly signal?: AbortSignal };

/**
 * The bytes of one output from `offsetBytes` on. A lost connection is taken up where it broke. Throws JOB_NOT_FOUND,
 * OUTPUT_NOT_FOUND, OUTPUT_NOT_READY or OUTPUT_EXPIRED; the chunks end with BLOB_CORRUPT where length or (from offset 0)
 * sha256 are not those of the header.
 */
export async function downloadOutput(
  rpc: RpcClient<JobServiceDefinition>,
  jobId: string,
  output: string,
  options: DownloadOptions & { readonly patienceMs: number },
): Promise<Download> {
  const { offsetBytes: fromBytes = 0, signal, patienceMs } = options;
  const open = (offsetBytes: number) =>
    splitHeader(
      rpc.downloadOutput({ jobId, output, offsetBytes }, { timeoutMs: 15 * 60_000, ...(signal ? { signal } : {}) }),
    );
  const { header, chunks: firstChunks } = await callPatiently(() => open(fromBytes), { patienceMs, signal });

  async function* read(): Download["chunks"] {
    const patience = createPatience(patienceMs);
    const hash = fromBytes === 0 ? createHash("sha256") : undefined;
    let atBytes = fromBytes;
    let chunks: Download["chunks"] | undefined = firstChunks;
    for (;;) {
      try {
        chunks ??= (await open(atBytes)).chunks;
        for await (const chunk of chunks) {
          atBytes += chunk.length;
          hash?.update(chunk);
          patience.reset();
          yield chunk;
        }
        break;
      } catch (error) {
        chunks = undefined;
        await patience.wait(error, signal);
      }
    }
    if (atBytes !== header.sizeBytes || (hash && hash.digest("hex") !== header.sha256)) {
      throw new AppError("BLOB_CORRUPT", `Output \`${output}\` arrived with other bytes than its header announces`);
    }
  }
  return { header, chunks: read() };
}
