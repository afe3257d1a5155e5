import { AppError, expected } from "@pixelmesh/errors";
import { type Batch, type CreateBatchRequest, type JobServiceDefinition, Priority } from "@pixelmesh/proto";
import type { RpcClient } from "@pixelmesh/rpc/client";
import { measureSource } from "./find-stored.ts";
import { type JobSettings, toHeader } from "./job-settings.ts";
import { callWithRetries } from "./retry.ts";
import { toUploadSource, uploadPicture } from "./upload-picture.ts";

/** A picture of a batch: its bytes, a function that opens a new stream of them, or the `sha256` of one that was uploaded before. */
export type BatchPicture = {
  /** Shown with the picture's job; at most 255 bytes. */
  readonly name?: string;
  readonly bytes?: Uint8Array;
  readonly open?: () => AsyncIterable<Uint8Array>;
  /** 64 lower-case hex digits. Alone, it names a stored picture. */
  readonly sha256?: string;
};

/** Options of a new batch. */
export type CreateBatchOptions = JobSettings & {
  /** 1 to 10,000 pictures. Each is the picture `source` of its job. */
  readonly pictures: readonly BatchPicture[];
  /** Time for each job from its creation, in milliseconds; at most 24 hours. Default: the mesh's, 15 minutes. */
  readonly jobTimeoutMs?: number;
  /** Uploads at once; default 4. */
  readonly uploads?: number;
  /** Called after each picture that was sent or refused. */
  readonly onUploaded?: (count: number) => void;
  readonly signal?: AbortSignal;
};

const createTimeoutMs = 5 * 60_000;

/**
 * Uploads the pictures and creates a batch of them. A picture that the mesh refuses (IMAGE_*) is a failed job of the batch with that reason. Retries
 * under the same request id while the mesh does not answer. The mesh keeps an uploaded picture for an hour until the batch is created.
 */
export async function createBatch(
  rpc: RpcClient<JobServiceDefinition>,
  options: CreateBatchOptions,
  retryTimeoutMs: number,
): Promise<Batch> {
  const { pictures, uploads = 4 } = options;
  if (!Number.isInteger(uploads) || uploads < 1 || uploads > 64)
    throw expected("uploads", "an integer from 1 to 64", uploads);
  if (pictures.length === 0) throw expected("pictures", "a list of at least one picture", []);
  const sha256s = await uploadAll(rpc, options, uploads, retryTimeoutMs);
  const request = toRequest(options, sha256s);
  const { signal } = options;
  return await callWithRetries(
    () => rpc.createBatch(request, { timeoutMs: createTimeoutMs, ...(signal ? { signal } : {}) }),
    { retryTimeoutMs, signal },
  );
}

function toRequest(options: CreateBatchOptions, sha256s: readonly string[]): CreateBatchRequest {
  const names = options.pictures.map(({ name = "" }) => name);
  return {
    header: { ...toHeader(options, Priority.BATCH), deadlineAfterMs: options.jobTimeoutMs ?? 0 },
    sources: sha256s.map((sha256) => ({ sha256, sizeBytes: 0, mediaType: "" })),
    names: names.some((name) => name !== "") ? names : [],
  };
}

/** Uploads the pictures that have bytes, some at once, and returns the digests of all. The first failure ends the others. */
async function uploadAll(
  rpc: RpcClient<JobServiceDefinition>,
  { pictures, onUploaded, signal: callerSignal }: CreateBatchOptions,
  concurrency: number,
  retryTimeoutMs: number,
): Promise<string[]> {
  const failed = new AbortController();
  const signal = callerSignal ? AbortSignal.any([failed.signal, callerSignal]) : failed.signal;
  const sha256s: string[] = [];
  const remaining = pictures.entries();
  let sent = 0;

  async function upload(index: number, picture: BatchPicture): Promise<string> {
    const { bytes, open, sha256 } = picture;
    if (bytes === undefined && open === undefined && sha256 !== undefined) return sha256;
    const source = toUploadSource(`pictures[${index}]`, picture);
    // The length of a picture whose digest is given may be unknown.
    const sizeBytes = bytes?.length ?? Number.POSITIVE_INFINITY;
    const measured = sha256 === undefined ? await measureSource(source) : { sha256, sizeBytes };
    try {
      await uploadPicture(rpc, source, measured, { retryTimeoutMs, signal });
    } catch (error) {
      // The mesh remembers the reason, and the batch shows it.
      if (!(error instanceof AppError && error.reason.startsWith("IMAGE_"))) throw error;
    }
    return measured.sha256;
  }
  async function work(): Promise<void> {
    for (const [index, picture] of remaining) {
      signal.throwIfAborted();
      sha256s[index] = await upload(index, picture);
      sent += 1;
      onUploaded?.(sent);
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(concurrency, pictures.length) }, work));
  } catch (error) {
    failed.abort(error);
    throw error;
  }
  return sha256s;
}
