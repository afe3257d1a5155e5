import { hash } from "node:crypto";
import { AppError, toAppError } from "@pixelmesh/errors";
import { contentOf, type PictureLimits, toFormatMediaType } from "@pixelmesh/imaging";
import type { ImageInfo, Source, Upload } from "@pixelmesh/proto";
import { type ByteBudget, type ByteShare, collectBytes } from "@pixelmesh/rpc";
import type { BlobClient, BlobRetention } from "@pixelmesh/worker";
import type { InspectPicture } from "../../stores/inspections.ts";
import type { KnownPictures } from "../../stores/known-pictures.ts";

/** Dependencies of receiving pictures. */
export type PictureParts = {
  readonly blobs: BlobClient;
  /** The memory for uploads. */
  readonly uploads: ByteBudget;
  readonly limits: PictureLimits;
  readonly inspect: InspectPicture;
  /** The pictures that a tenant may name by digest. */
  readonly known: Pick<KnownPictures, "find" | "forget" | "add">;
  /** Keeps the bytes of a job's picture for its first work items, if they are few. */
  readonly keepSmall: (jobId: string, sha256: string, bytes: Uint8Array) => void;
};

/** A picture of a call. */
export type ReceivedPicture = {
  readonly upload: Upload;
  /** Empty if the picture is named by its digest. */
  readonly bytes: Uint8Array;
  /** The part of the upload memory that the picture uses. */
  readonly share: ByteShare;
};

/**
 * Inspects a picture by its header and stores it, or extends the life of the stored picture that its digest names. Throws IMAGE_*,
 * DIGEST_MISMATCH, BLOB_NOT_FOUND.
 */
export async function storePicture(
  parts: PictureParts,
  picture: ReceivedPicture,
  retention: BlobRetention,
  { tenant, signal }: { readonly tenant: string; readonly signal: AbortSignal },
): Promise<Source> {
  const { upload, bytes } = picture;
  const isNamed = bytes.length === 0 && upload.sha256 !== "";
  const source = await (isNamed
    ? reuseNamed(parts, picture, retention, { tenant, signal })
    : storeBytes(parts, upload, bytes, retention, signal));
  parts.known.add(tenant, source.sha256, source.info);
  return source;
}

/** Returns the digest of a picture: that of its bytes, or the announced one if it has none. */
export function digestOf({ sha256 }: Pick<Upload, "sha256">, bytes: Uint8Array): string {
  return bytes.length === 0 && sha256 !== "" ? sha256 : hash("sha256", bytes, "hex");
}

/** Checks the bytes of a picture against their announcement, inspects them and stores them. Throws IMAGE_*, DIGEST_MISMATCH. */
export async function storeBytes(
  { blobs, inspect, keepSmall }: Pick<PictureParts, "blobs" | "inspect" | "keepSmall">,
  upload: Upload,
  bytes: Uint8Array,
  retention: BlobRetention,
  signal: AbortSignal,
): Promise<Source> {
  if (upload.sizeBytes > 0 && upload.sizeBytes !== bytes.length) {
    throw new AppError(
      "IMAGE_TRUNCATED",
      `Expected ${upload.sizeBytes} bytes of picture \`${upload.name}\`, got ${bytes.length}`,
    );
  }
  if (upload.sha256 !== "" && upload.sha256 !== digestOf({ sha256: "" }, bytes)) {
    throw new AppError(
      "DIGEST_MISMATCH",
      `The bytes of picture \`${upload.name}\` do not have the digest that was announced`,
    );
  }
  const info = await inspect(bytes);
  const { sha256 } = await blobs.put(contentOf(bytes), toFormatMediaType(info.format), retention, signal);
  keepSmall(retention.jobId, sha256, bytes);
  return { name: upload.name, sha256, info };
}

async function reuseNamed(
  parts: PictureParts,
  picture: ReceivedPicture,
  retention: BlobRetention,
  { tenant, signal }: { readonly tenant: string; readonly signal: AbortSignal },
): Promise<Source> {
  const { upload } = picture;
  const { name, sha256 } = upload;
  // A digest is no secret, so the response must not reveal that another tenant has stored the picture.
  const known = await parts.known.find(tenant, sha256);
  if (!known) throw notStored(upload);
  try {
    if (!(await parts.blobs.extend(sha256, retention))) throw notStored(upload);
    return { name, sha256, info: known.info ?? (await inspectStored(parts, picture, retention, signal)) };
  } catch (error) {
    const { reason } = toAppError(error);
    if (reason !== "BLOB_NOT_FOUND" && reason !== "BLOB_CORRUPT") throw error;
    await parts.known.forget(tenant, sha256);
    throw notStored(upload);
  }
}

/** Reads a stored picture for the facts of its header. */
async function inspectStored(
  { blobs, limits, inspect, keepSmall }: PictureParts,
  { upload: { sha256 }, share }: ReceivedPicture,
  retention: BlobRetention,
  signal: AbortSignal,
): Promise<ImageInfo> {
  const { sizeBytes, parts } = await blobs.read(sha256, limits.maxBytes, signal);
  const bytes = await collectBytes(parts, { maxBytes: limits.maxBytes, share, sizeBytes });
  const info = await inspect(bytes);
  keepSmall(retention.jobId, sha256, bytes);
  return info;
}

/** Also for a corrupt picture: its bytes, sent again, replace it. */
function notStored({ name }: Upload): AppError {
  return new AppError("BLOB_NOT_FOUND", `No picture with the digest of \`${name}\` is stored; send its bytes`);
}
