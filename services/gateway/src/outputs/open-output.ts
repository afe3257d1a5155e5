import type { OutputStatus } from "@pixelmesh/proto";
import { openResumable, splitHeader } from "@pixelmesh/rpc";
import type { IngestCall } from "../rpc/call-options.ts";
import type { IngestClients } from "../rpc/ingest-clients.ts";

/** An output: its description, and its bytes from an offset on. */
export type OpenOutput = {
  readonly header: OutputStatus;
  readonly chunks: AsyncGenerator<Uint8Array, void, undefined>;
};

/** Longest time of a download. */
const downloadTimeoutMs = 15 * 60_000;
/** How long the request waits for an ingest that has gone away in the middle of a download. */
const retryTimeoutMs = 30_000;

/**
 * Opens an output of a job. Resolves when its bytes were found. If ingest goes away after that, the bytes go on where they broke off. Throws JOB_NOT_FOUND,
 * OUTPUT_* or BLOB_*; the chunks throw BLOB_CORRUPT instead of the last bytes of an output, read from its start, that has another digest.
 */
export function openOutput(
  { jobs }: Pick<IngestClients, "jobs">,
  {
    jobId,
    output,
    offsetBytes = 0,
  }: { readonly jobId: string; readonly output: string; readonly offsetBytes?: number },
  call: IngestCall,
): Promise<OpenOutput> {
  const { signal } = call;
  return openResumable(
    (from, timeoutMs) => splitHeader(jobs.downloadOutput({ jobId, output, offsetBytes: from }, { ...call, timeoutMs })),
    {
      name: `Output \`${output}\``,
      ...{ offsetBytes, retryTimeoutMs, signal },
      timeoutMs: downloadTimeoutMs,
      // A request that finds no ingest is answered at once, so that its sender may ask another gateway.
      retriesOpening: false,
    },
  );
}
