import {
  type EncodedRaster,
  encodeRaster,
  type FrameStore,
  type openEncoded,
  type PictureLimits,
  type Raster,
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
export function encodeInSpan(
  raster: Raster,
  encoding: Encoding,
  limits: PictureLimits,
  frameStore: FrameStore,
): Promise<EncodedRaster> {
  const attributes = { "pixelmesh.image.width": raster.widthPx, "pixelmesh.image.height": raster.heightPx };
  return withSpan("encode picture", { attributes }, async (span) => {
    const encoded = await encodeRaster(raster, encoding, limits, frameStore);
    span.set({
      "pixelmesh.image.format": toFormatExtension(encoded.format),
      "pixelmesh.image.bytes": encoded.content.sizeBytes,
    });
    return encoded;
  });
}
