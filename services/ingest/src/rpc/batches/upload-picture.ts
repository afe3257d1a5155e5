import { hash } from "node:crypto";
import { type AppError, toAppError } from "@pixelmesh/errors";
import { BlobKind, type Upload, type UploadPictureRequest, type UploadPictureResponse } from "@pixelmesh/proto";
import { type CallContext, collectBytes, splitHeader } from "@pixelmesh/rpc";
import type { Metrics } from "@pixelmesh/telemetry";
import { uploadLifeMs } from "../../domain/batch-limits.ts";
import { toJobError } from "../../domain/job-error.ts";
import { parsePictureDigest } from "../../domain/picture-digest.ts";
import type { KnownPictures } from "../../stores/known-pictures.ts";
import { callTenant } from "../call-tenant.ts";
import { type PictureParts, storeBytes } from "../create-job/store-picture.ts";

/** Dependencies of `createUploadPicture`. */
export type UploadPictureParts = {
  readonly metrics: Pick<Metrics, "count">;
  readonly pictures: Pick<PictureParts, "blobs" | "uploads" | "limits" | "inspect">;
  readonly known: Pick<KnownPictures, "addUpload">;
};

/** UploadPicture: stores a picture for an hour. Any replica then accepts its digest from the tenant. */
export function createUploadPicture({ metrics, pictures, known }: UploadPictureParts) {
  /** No job is about to take the bytes. */
  const parts = { ...pictures, keepSmall() {} };

  /** Remembers why a picture was refused, for batches that name it. */
  async function noteRefusal(tenant: string, sha256: string, refusal: AppError): Promise<void> {
    metrics.count("pixelmesh_input_refused_total", { reason: refusal.reason });
    if (sha256 === "") return;
    await known.addUpload(tenant, sha256, { error: toJobError(refusal) }).catch(() => {});
  }

  async function store(
    upload: Upload,
    bytes: Uint8Array,
    tenant: string,
    signal: AbortSignal,
  ): Promise<UploadPictureResponse> {
    const keepUntilUnixMs = Date.now() + uploadLifeMs;
    const retention = { kind: BlobKind.INPUT, jobId: "", keepUntilUnixMs };
    const { sha256, info } = await storeBytes(parts, upload, bytes, retention, signal);
    await known.addUpload(tenant, sha256, { info });
    return { blob: { sha256, sizeBytes: bytes.length, mediaType: "" }, info, keepUntilUnixMs };
  }

  return async (
    stream: AsyncIterable<UploadPictureRequest>,
    { signal }: CallContext,
  ): Promise<UploadPictureResponse> => {
    const tenant = callTenant();
    const share = pictures.uploads.open();
    let digest = "";
    try {
      const { header, chunks } = await splitHeader(stream, { isEndMarked: true });
      digest = header.sha256 === "" ? "" : parsePictureDigest("header.sha256", header.sha256);
      const { maxBytes } = pictures.limits;
      const bytes = await collectBytes(chunks, { maxBytes, share, sizeBytes: header.sizeBytes });
      digest = hash("sha256", bytes, "hex");
      return await store({ name: "picture", sourceUrl: "", ...header }, bytes, tenant, signal);
    } catch (caught) {
      const error = toAppError(caught);
      if (error.reason.startsWith("IMAGE_")) await noteRefusal(tenant, digest, error);
      throw error;
    } finally {
      share.release();
    }
  };
}
