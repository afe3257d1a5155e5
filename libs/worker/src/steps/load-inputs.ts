import { hash } from "node:crypto";
import { AppError } from "@pixelmesh/errors";
import {
  FRAME_MEDIA_TYPE,
  type FrameStore,
  openEncoded,
  type PictureLimits,
  type Raster,
  readFrameBlob,
} from "@pixelmesh/imaging";
import type { Notice, StepInput, WorkItem } from "@pixelmesh/proto";
import type { InputSize, PictureSize } from "../step-handler.ts";
import type { BlobClient } from "../storage/blob-client.ts";

const frameHeaderBytes = 1024;

/**
 * Loads the pictures of a step: frames as they are, other blobs decoded, at the size that `sizeOf` tells. Adds the notices of decoding
 * to `notices`.
 */
export async function loadInputs(
  blobs: BlobClient,
  { inputs }: WorkItem,
  sizeOf: (input: PictureSize) => InputSize | undefined,
  notices: Notice[],
  limits: PictureLimits,
  { frameStore, signal }: { readonly frameStore: FrameStore; readonly signal: AbortSignal },
): Promise<Raster[]> {
  return Promise.all(
    inputs.map(async (input) => {
      const { blob } = input;
      if (!blob) throw new AppError("MALFORMED_MESSAGE", "The work item has an input without a blob");
      if (blob.mediaType === FRAME_MEDIA_TYPE) {
        const maxBytes = limits.maxOutputPixels * 4 + frameHeaderBytes;
        const { parts, sizeBytes } = await blobs.read(blob.sha256, maxBytes, signal);
        return readFrameBlob(parts, sizeBytes, frameStore);
      }
      const bytes = contentOfInput(input) ?? (await blobs.get(blob, limits.maxBytes, signal));
      const decoded = await (await openEncoded(bytes, limits)).decode(frameStore, sizeOf(input));
      frameStore.own(bytes);
      notices.push(...decoded.notices);
      return decoded.raster;
    }),
  );
}

/** Returns the bytes that came with an input; undefined if none came or they do not have the digest of its blob. */
function contentOfInput({ blob, content }: StepInput): Uint8Array | undefined {
  return content.length > 0 && hash("sha256", content, "hex") === blob?.sha256 ? content : undefined;
}
