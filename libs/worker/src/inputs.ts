import { AppError } from "@pixelmesh/errors";
import { decodePicture, FRAME_MEDIA_TYPE, type Frame, type PictureLimits, parseFrameBlob } from "@pixelmesh/imaging";
import type { Notice, WorkItem } from "@pixelmesh/proto";
import type { BlobClient } from "./blobs.ts";

const frameHeaderBytes = 1024;

/** Brings a step's pictures, frames as they are and files decoded; adds to `notices` what decoding changed. */
export async function loadInputs(
  blobs: BlobClient,
  { inputs }: WorkItem,
  limits: PictureLimits,
  notices: Notice[],
  signal: AbortSignal,
): Promise<Frame[]> {
  return Promise.all(
    inputs.map(async ({ blob }) => {
      if (!blob) throw new AppError("MALFORMED_MESSAGE", "The work item has an input without a blob");
      const isFrame = blob.mediaType === FRAME_MEDIA_TYPE;
      const maxBytes = isFrame ? limits.maxOutputPixels * 4 + frameHeaderBytes : limits.maxBytes;
      const bytes = await blobs.get(blob.sha256, maxBytes, signal);
      if (isFrame) return parseFrameBlob(bytes);
      const decoded = await decodePicture(bytes, limits);
      notices.push(...decoded.notices);
      return decoded.frame;
    }),
  );
}
