import {
  type EncodedRaster,
  type FrameStore,
  type openEncoded,
  type PictureLimits,
  type Raster,
  type StartedEncoding,
  startEncoding,
  toFormatExtension,
} from "@pixelmesh/imaging";
import type { Encoding } from "@pixelmesh/proto";
import { withSpan } from "@pixelmesh/telemetry";
import type { InputSize } from "../step-handler.ts";

type EncodedInput = Awaited<ReturnType<typeof openEncoded>>;

/** Decodes an opened picture in a span, at its own size or at `target`. Throws what its `decode` throws. */
export function decodeInSpan(
  input: EncodedInput,
  frameStore: FrameStore,
  target?: InputSize,
): ReturnType<EncodedInput["decode"]> {
  const { format, widthPx, heightPx, sizeBytes } = input.info;
  const attributes = {
    "pixelmesh.image.format": toFormatExtension(format),
    "pixelmesh.image.width": widthPx,
    "pixelmesh.image.height": heightPx,
    "pixelmesh.image.bytes": sizeBytes,
  };
  return withSpan("decode picture", { attributes }, () => input.decode(frameStore, target));
}

/** Encodes a picture in a span. Throws what `encodeRaster` throws. */
export async function encodeInSpan(
  raster: Raster,
  encoding: Encoding,
  limits: PictureLimits,
  frameStore: FrameStore,
): Promise<EncodedRaster> {
  const { content, ...facts } = await startEncodingInSpan(raster, encoding, limits, frameStore);
  return { content: content.sizeBytes === undefined ? await content.whole() : content, ...facts };
}

/** Starts to encode a picture, in a span that ends when the content is whole. Throws what `startEncoding` throws. */
export function startEncodingInSpan(
  raster: Raster,
  encoding: Encoding,
  limits: PictureLimits,
  frameStore: FrameStore,
): Promise<StartedEncoding> {
  const attributes = { "pixelmesh.image.width": raster.widthPx, "pixelmesh.image.height": raster.heightPx };
  const started = Promise.withResolvers<StartedEncoding>();
  const spanned = withSpan("encode picture", { attributes }, async (span) => {
    const begun = await startEncoding(raster, encoding, limits, frameStore);
    started.resolve(begun);
    const { sizeBytes } = begun.content.sizeBytes === undefined ? await begun.content.whole() : begun.content;
    span.set({ "pixelmesh.image.format": toFormatExtension(begun.format), "pixelmesh.image.bytes": sizeBytes });
  });
  // A failure after the start is that of the content, too.
  spanned.catch(started.reject);
  return started.promise;
}
