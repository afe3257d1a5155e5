import { inspectPicture } from "@pixelmesh/imaging";
import type { InspectImageRequest, InspectImageResponse } from "@pixelmesh/proto";
import { collectBytes } from "@pixelmesh/rpc";
import type { JobParts } from "./parts.ts";

/** InspectImage: facts from the header of an upload. */
export function createInspectImage({ uploads, limits }: JobParts) {
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
