import { AppError, expected } from "@pixelmesh/errors";
import type { JobServiceDefinition, UploadPictureResponse } from "@pixelmesh/proto";
import { createBackoff, type RpcClient, restartable, toChunks } from "@pixelmesh/rpc/client";
import { findStored, type MeasuredSource, minAskedBytes, type UploadSource } from "./find-stored.ts";
import { toEvenChunks, type UploadProgress } from "./pictures.ts";

/** Options of an upload. */
export type UploadOptions = {
  /** Time for the upload, retries included; default 15 min. */
  readonly timeoutMs?: number;
  /** Called as the bytes are sent; begins again with a retry. */
  readonly onUpload?: (progress: UploadProgress) => void;
  readonly signal?: AbortSignal;
};

const uploadTimeoutMs = 15 * 60_000;

/**
 * Stores a picture for an hour. The bytes of one of at least 256 KiB are sent only if the mesh does not have them of this tenant. Retries while the mesh does
 * not answer or is full.
 */
export async function uploadPicture(
  rpc: RpcClient<JobServiceDefinition>,
  source: UploadSource,
  { sha256, sizeBytes }: MeasuredSource,
  options: UploadOptions & { readonly retryTimeoutMs: number },
): Promise<UploadPictureResponse> {
  const { signal } = options;
  const asked = sizeBytes >= minAskedBytes ? [sha256] : [];
  const found = (await findStored(rpc, asked, { keep: true, signal })).get(sha256);
  return found ?? (await sendPicture(rpc, source, sha256, options));
}

/** Sends the bytes of a picture. */
async function sendPicture(
  rpc: RpcClient<JobServiceDefinition>,
  source: UploadSource,
  sha256: string,
  options: UploadOptions & { readonly retryTimeoutMs: number },
): Promise<UploadPictureResponse> {
  const { signal } = options;
  let failure: unknown;

  async function* guard(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* chunks;
    } catch (error) {
      failure = error ?? new AppError("INTERNAL", "Reading the picture failed");
      throw failure;
    }
  }
  async function* requests() {
    const sizeBytes = source instanceof Uint8Array ? source.length : 0;
    const totalBytes = sizeBytes || undefined;
    let sentBytes = 0;
    yield { part: { $case: "header" as const, value: { sha256, sizeBytes } } };
    const chunks = source instanceof Uint8Array ? toChunks(source) : toEvenChunks(guard(source.open()));
    for await (const value of chunks) {
      yield { part: { $case: "chunk" as const, value } };
      sentBytes += value.length;
      options.onUpload?.({ sentBytes, totalBytes });
    }
    yield { part: { $case: "end" as const, value: {} } };
  }

  const untilMs = performance.now() + (options.timeoutMs ?? uploadTimeoutMs);
  const backoff = createBackoff(options.retryTimeoutMs);
  for (;;) {
    try {
      const timeoutMs = Math.max(1, untilMs - performance.now());
      return await rpc.uploadPicture(restartable(requests), { timeoutMs, ...(signal ? { signal } : {}) });
    } catch (error) {
      if (failure !== undefined) throw failure;
      await backoff.wait(error, signal);
    }
  }
}

/** Checks the form of a picture. Throws INVALID_ARGUMENT. */
export function toUploadSource(field: string, picture: { bytes?: Uint8Array; open?: () => AsyncIterable<Uint8Array> }) {
  const { bytes, open } = picture;
  if ((bytes === undefined) === (open === undefined))
    throw expected(field, "given by either bytes or open", "both or none");
  return bytes ?? { open: open as () => AsyncIterable<Uint8Array> };
}
