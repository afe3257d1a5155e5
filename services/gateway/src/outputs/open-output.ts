import { AppError, expected } from "@pixelmesh/errors";
import type { OutputStatus } from "@pixelmesh/proto";
import type { IngestCall } from "../rpc/call-options.ts";
import type { IngestClients } from "../rpc/ingest-clients.ts";

/** An output: its description, and its bytes from an offset on. */
export type OpenOutput = {
  readonly header: OutputStatus;
  readonly chunks: AsyncGenerator<Uint8Array, void, undefined>;
};

/** Longest time of a download. */
const downloadTimeoutMs = 15 * 60_000;

/** Opens an output of a job. Resolves when its bytes were found. Throws JOB_NOT_FOUND, OUTPUT_* or BLOB_*. */
export async function openOutput(
  { jobs }: Pick<IngestClients, "jobs">,
  place: { readonly jobId: string; readonly output: string; readonly offsetBytes?: number },
  call: IngestCall,
): Promise<OpenOutput> {
  const responses = jobs
    .downloadOutput({ offsetBytes: 0, ...place }, { ...call, timeoutMs: downloadTimeoutMs })
    [Symbol.asyncIterator]();
  const first = await responses.next();
  const part = first.done ? undefined : first.value.part;
  if (part?.$case !== "header") throw new AppError("INTERNAL", "A download begins with its header");
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (let next = await responses.next(); !next.done; next = await responses.next()) {
        const { part: after } = next.value;
        if (after?.$case !== "chunk") throw expected("part", "a chunk", after?.$case ?? "nothing");
        yield after.value;
      }
    } finally {
      await responses.return?.();
    }
  }
  return { header: part.value, chunks: chunks() };
}
