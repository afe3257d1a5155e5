import { inspectPicture, type PictureLimits } from "@pixelmesh/imaging";
import type { InspectImageRequest, InspectImageResponse } from "@pixelmesh/proto";
import { type ByteBudget, collectBytes } from "@pixelmesh/rpc";

/** InspectImage: returns properties from the header of an uploaded picture. */
export function createInspectImage(uploads: ByteBudget, limits: PictureLimits) {
  return async (stream: AsyncIterable<InspectImageRequest>): Promise<InspectImageResponse> => {
    const share = uploads.open();
    async function* chunks() {
      for await (const { chunk } of stream) yield chunk;
    }
    try {
      return { info: await inspectPicture(await collectBytes(chunks(), { maxBytes: limits.maxBytes, share }), limits) };
    } finally {
      share.release();
    }
  };
}
