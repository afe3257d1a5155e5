import { AppError } from "@pixelmesh/errors";
import {
  decodeRaster,
  FRAME_MEDIA_TYPE,
  type FrameStore,
  type PictureLimits,
  type Raster,
  readFrameBlob,
} from "@pixelmesh/imaging";
import type { Notice, WorkItem } from "@pixelmesh/proto";
import type { BlobClient } from "../storage/blob-client.ts";

const frameHeaderBytes = 1024;

/** Loads the pictures of a step: frames as they are, other blobs decoded. Adds the notices of decoding to `notices`. */
export async function loadInputs(
  blobs: BlobClient,
  { inputs }: WorkItem,
  notices: Notice[],
  limits: PictureLimits,
  { frameStore, signal }: { readonly frameStore: FrameStore; readonly signal: AbortSignal },
): Promise<Raster[]> {
  return Promise.all(
    inputs.map(async ({ blob }) => {
      if (!blob) throw new AppError("MALFORMED_MESSAGE", "The work item has an input without a blob");
      if (blob.mediaType === FRAME_MEDIA_TYPE) {
        const maxBytes = limits.maxOutputPixels * 4 + frameHeaderBytes;
        const { parts, sizeBytes } = await blobs.read(blob.sha256, maxBytes, signal);
        return readFrameBlob(parts, sizeBytes, frameStore);
      }
      const decoded = await decodeRaster(await blobs.get(blob.sha256, limits.maxBytes, signal), limits, frameStore);
      notices.push(...decoded.notices);
      return decoded.raster;
    }),
  );
}
