import { AppError, toAppError } from "@pixelmesh/errors";
import type { PictureLimits } from "@pixelmesh/imaging";
import type { BatchSource, ImageInfo } from "@pixelmesh/proto";
import { type ByteBudget, collectBytes } from "@pixelmesh/rpc";
import type { BlobClient, BlobRetention } from "@pixelmesh/worker";
import { toJobError } from "../domain/job-error.ts";
import type { InspectPicture } from "../stores/inspections.ts";
import type { KnownPicture, KnownPictures } from "../stores/known-pictures.ts";

/** Dependencies of resolving sources. */
export type ResolveParts = {
  readonly blobs: Pick<BlobClient, "extend" | "read">;
  readonly uploads: ByteBudget;
  readonly limits: PictureLimits;
  readonly inspect: InspectPicture;
  readonly known: Pick<KnownPictures, "findAll" | "add">;
};

/** What resolving a source needs to know of its batch. */
export type ResolveBatch = {
  readonly tenant: string;
  readonly retention: BlobRetention;
  readonly signal: AbortSignal;
};

/** What `resolveSource` found: the facts of the picture's header, or why it is refused. */
export type ResolvedSource = Pick<BatchSource, "info" | "error">;

/**
 * Extends the life of a stored picture and returns the facts of its header. A picture that is unknown, no longer stored or unusable has an
 * error. Reads the bytes only of a picture whose facts are unknown. Throws what a repeated call may do without, such as STORAGE_UNAVAILABLE.
 */
export async function resolveSource(
  parts: ResolveParts,
  sha256: string,
  known: KnownPicture | undefined,
  batch: ResolveBatch,
): Promise<ResolvedSource> {
  if (known?.error) return { info: undefined, error: known.error };
  if (!known || !(await parts.blobs.extend(sha256, batch.retention))) return refusedBy(notStored());
  if (known.info) return { info: known.info, error: undefined };
  try {
    const info = await inspectStored(parts, sha256, batch.signal);
    parts.known.add(batch.tenant, sha256, info);
    return { info, error: undefined };
  } catch (caught) {
    const error = toAppError(caught);
    if (error.reason.startsWith("IMAGE_")) return refusedBy(error);
    if (error.reason === "BLOB_NOT_FOUND" || error.reason === "BLOB_CORRUPT") return refusedBy(notStored());
    throw error;
  }
}

async function inspectStored(
  { blobs, uploads, limits, inspect }: ResolveParts,
  sha256: string,
  signal: AbortSignal,
): Promise<ImageInfo> {
  const share = uploads.open();
  try {
    const { sizeBytes, parts } = await blobs.read(sha256, limits.maxBytes, signal);
    return await inspect(await collectBytes(parts, { maxBytes: limits.maxBytes, share, sizeBytes }));
  } finally {
    share.release();
  }
}

function notStored(): AppError {
  return new AppError("BLOB_NOT_FOUND", "No picture with this digest is stored; send its bytes");
}

function refusedBy(refusal: AppError): ResolvedSource {
  return { info: undefined, error: toJobError(refusal) };
}
