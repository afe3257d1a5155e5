import { AppError } from "@pixelmesh/errors";
import {
  decodeRaster,
  FRAME_MEDIA_TYPE,
  type PictureLimits,
  type Raster,
  type Room,
  readFrameBlob,
} from "@pixelmesh/imaging";
import type { Notice, WorkItem } from "@pixelmesh/proto";
import type { BlobClient } from "../storage/blob-client.ts";

const frameHeaderBytes = 1024;

/** What inputs are loaded for. */
export type Loading = {
  readonly limits: PictureLimits;
  /** Where they are kept. */
  readonly room: Room;
  readonly signal: AbortSignal;
};

/** Brings a step's pictures, frames as they are and files decoded; adds to `notices` what decoding changed. */
export async function loadInputs(
  blobs: BlobClient,
  { inputs }: WorkItem,
  notices: Notice[],
  { limits, room, signal }: Loading,
): Promise<Raster[]> {
  return Promise.all(
    inputs.map(async ({ blob }) => {
      if (!blob) throw new AppError("MALFORMED_MESSAGE", "The work item has an input without a blob");
      if (blob.mediaType === FRAME_MEDIA_TYPE) {
        const maxBytes = limits.maxOutputPixels * 4 + frameHeaderBytes;
        const { parts, sizeBytes } = await blobs.read(blob.sha256, maxBytes, signal);
        return readFrameBlob(parts, sizeBytes, room);
      }
      const decoded = await decodeRaster(await blobs.get(blob.sha256, limits.maxBytes, signal), limits, room);
      notices.push(...decoded.notices);
      return decoded.raster;
    }),
  );
}
