import { AppError } from "@pixelmesh/errors";
import { type CreateJobHeader, type Job, type JobServiceDefinition, Priority } from "@pixelmesh/proto";
import { createBackoff, type RpcClient } from "@pixelmesh/rpc/client";
import { findStoredPictures } from "./find-stored.ts";
import { toDeadlineUnixMs } from "./job-deadline.ts";
import { type JobSettings, toHeader } from "./job-settings.ts";
import { createPictureParts, type Picture, type UploadProgress } from "./pictures.ts";

/** Options of a new job. */
export type CreateJobOptions = JobSettings & {
  /** The source first, then further pictures that steps name as inputs. */
  readonly pictures: readonly Picture[];
  /** Time at which an unfinished job fails, at most 24 hours ahead; default: the mesh's, 15 minutes after creation. */
  readonly deadline?: Date;
  /** Time for the upload until the job is durable, retries included; default 15 min. */
  readonly timeoutMs?: number;
  /** Called as the bytes of the pictures are sent. */
  readonly onUpload?: (progress: UploadProgress) => void;
  readonly signal?: AbortSignal;
};

const uploadTimeoutMs = 15 * 60_000;

/**
 * Creates a job and uploads its pictures. The bytes of a picture of at least 256 KiB are sent only if the mesh does not have them of this tenant. Retries under
 * the same request id while the mesh does not answer, if the pictures can be read again.
 */
export async function createJob(
  rpc: RpcClient<JobServiceDefinition>,
  options: CreateJobOptions,
  retryTimeoutMs: number,
): Promise<Job> {
  const { signal } = options;
  const header = {
    ...toHeader(options, Priority.INTERACTIVE),
    deadlineUnixMs: toDeadlineUnixMs(options.deadline, options.requestId, Date.now()),
  };
  const parts = createPictureParts(options.pictures, options.onUpload);
  let stored = await findStoredPictures(rpc, options.pictures, signal);
  async function* requests() {
    yield { part: { $case: "header" as const, value: withRemainingTime(header) } };
    yield* parts.read(stored);
    yield { part: { $case: "end" as const, value: {} } };
  }

  const untilMs = performance.now() + (options.timeoutMs ?? uploadTimeoutMs);
  const backoff = createBackoff(retryTimeoutMs);
  for (;;) {
    try {
      const timeoutMs = Math.max(1, untilMs - performance.now());
      return await rpc.createJob(requests(), { timeoutMs, ...(signal ? { signal } : {}) });
    } catch (error) {
      if (parts.failure() !== undefined) throw parts.failure();
      if (!parts.canRepeat()) throw error;
      if (stored.size > 0 && isNotStored(error)) {
        // A picture went in the meantime, or another replica does not know it.
        stored = new Map();
        continue;
      }
      await backoff.wait(error, signal);
    }
  }
}

function isNotStored(error: unknown): boolean {
  return error instanceof AppError && error.reason === "BLOB_NOT_FOUND";
}

/** Replaces the deadline by the remaining time, because the mesh's clock may differ from this machine's. A passed deadline is negative. */
function withRemainingTime(header: CreateJobHeader): CreateJobHeader {
  if (header.deadlineUnixMs === 0) return header;
  const remainingMs = Math.round(header.deadlineUnixMs - Date.now());
  return { ...header, deadlineUnixMs: 0, deadlineAfterMs: remainingMs === 0 ? -1 : remainingMs };
}
