import type { JobServiceDefinition, OutputStatus } from "@pixelmesh/proto";
import { openResumable, type RpcClient, splitHeader } from "@pixelmesh/rpc/client";

/** One output: its header, then its bytes. */
export type Download = { readonly header: OutputStatus; readonly chunks: AsyncGenerator<Uint8Array, void, undefined> };

/** Options of a download. */
export type DownloadOptions = {
  readonly offsetBytes?: number;
  /** Time for the whole download, interruptions included; default 15 min. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
};

const downloadTimeoutMs = 15 * 60_000;

/**
 * Downloads one output from `offsetBytes` on. After a lost connection it resumes at the last received byte, at most 100 times. Throws JOB_NOT_FOUND,
 * OUTPUT_NOT_FOUND, OUTPUT_NOT_READY or OUTPUT_EXPIRED. The chunks throw BLOB_CORRUPT instead of the last bytes if the length, or from offset 0 the
 * sha256, differs from the header, and if the output has changed in between.
 */
export async function downloadOutput(
  rpc: RpcClient<JobServiceDefinition>,
  jobId: string,
  output: string,
  options: DownloadOptions & { readonly retryTimeoutMs: number },
): Promise<Download> {
  const { signal, timeoutMs = downloadTimeoutMs } = options;
  const open = (offsetBytes: number, leftMs: number) =>
    splitHeader(
      rpc.downloadOutput({ jobId, output, offsetBytes }, { timeoutMs: leftMs, ...(signal ? { signal } : {}) }),
    );
  return await openResumable(open, { ...options, name: `Output \`${output}\``, timeoutMs });
}
