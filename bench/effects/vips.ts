import sharp, { type Sharp } from "sharp";
import type { Picture } from "./picture.ts";

/** An effect as operations of libvips, called through sharp. */
export type VipsWork = (picture: Sharp) => Sharp;

sharp.concurrency(1);
sharp.cache(false);

/** Versions of sharp and libvips. */
export const vipsVersion = `sharp ${sharp.versions.sharp}, libvips ${sharp.versions.vips}`;

/** Runs operations on a decoded picture. Resolves to the bytes of the result, RGB; a result of one channel is spread over three. */
export async function runVips({ widthPx, heightPx, data }: Picture, work: VipsWork): Promise<Uint8Array> {
  const input = sharp(data, { raw: { width: widthPx, height: heightPx, channels: 3 } });
  const result = await work(input).raw().toBuffer();
  if (result.length === data.length) return result;
  const out = new Uint8Array(data.length);
  for (let x = 0, i = 0; x < result.length; x++, i += 3) out.fill(result[x] as number, i, i + 3);
  return out;
}

/** Operations on linear light in floats. */
export function inLinearLight(work: VipsWork): VipsWork {
  return (picture) => work(picture.pipelineColourspace("scrgb")).toColourspace("srgb");
}
