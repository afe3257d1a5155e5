import { type CreateJobRequest, type Job, Upload } from "@pixelmesh/proto";
import type { ByteBudget } from "@pixelmesh/rpc";
import type { IngestCall } from "../rpc/call-options.ts";
import type { IngestClients } from "../rpc/ingest-clients.ts";
import { createChunkSource } from "./chunk-source.ts";
import type { JobRequest, RequestPicture } from "./job-request.ts";

/** Longest time of a call with uploads. */
export const uploadTimeoutMs = 15 * 60_000;

/**
 * Creates a job at ingest. Its pictures are passed on as they arrive, no faster than ingest takes them. If reading them fails, the call is cancelled
 * without its end, so that ingest keeps nothing. Throws that failure or what ingest throws.
 */
export async function createJob(
  { jobs }: Pick<IngestClients, "jobs">,
  { header, pictures }: JobRequest,
  uploads: ByteBudget,
  call: IngestCall,
): Promise<Job> {
  let failure: { readonly error: unknown } | undefined;
  async function* requests(): AsyncGenerator<CreateJobRequest> {
    try {
      yield { part: { $case: "header", value: header } };
      for await (const picture of pictures) yield* partsOf(picture, uploads);
      yield { part: { $case: "end", value: {} } };
    } catch (error) {
      failure = { error };
      throw error;
    }
  }
  try {
    return await jobs.createJob(requests(), { ...call, timeoutMs: uploadTimeoutMs });
  } catch (error) {
    throw failure ? failure.error : error;
  }
}

async function* partsOf({ upload, chunks }: RequestPicture, uploads: ByteBudget): AsyncGenerator<CreateJobRequest> {
  yield { part: { $case: "upload", value: Upload.fromPartial(upload) } };
  if (!chunks) return;
  const source = createChunkSource(chunks, uploads);
  try {
    for await (const value of source.chunks()) yield { part: { $case: "chunk", value } };
  } finally {
    source.release();
  }
}
