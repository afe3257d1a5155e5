import type { Channels, Frame } from "@pixelmesh/imaging";
import sharp, { type Sharp } from "sharp";
import type { Area } from "../../src/domain/composition/length.ts";

/** Returns a picture as a chain sees it: grey spread over three channels. */
export function toColors(frame: Frame): Frame {
  const { channels, widthPx, heightPx, data } = frame;
  if (channels > 2) return frame;
  const hasAlpha = channels === 2;
  const pixels = Array.from({ length: widthPx * heightPx }, (_, i) => {
    const [grey = 0, alpha = 0] = data.subarray(i * channels, (i + 1) * channels);
    return [grey, grey, grey, ...(hasAlpha ? [alpha] : [])];
  });
  return { ...frame, channels: hasAlpha ? 4 : 3, data: Uint8Array.from(pixels.flat()) };
}

/** Opens a picture of three or four channels in sharp. */
export function toSharp({ widthPx: width, heightPx: height, channels, data }: Frame): Sharp {
  return sharp(data, { raw: { width, height, channels } });
}

/** Resolves to the pixels of sharp's result. */
export async function fromSharp(image: Sharp): Promise<Frame> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const { width: widthPx, height: heightPx, channels } = info;
  return { widthPx, heightPx, channels: channels as Channels, data: new Uint8Array(data) };
}

/** Resolves to an area of a picture, as sharp cuts it out. */
export function cutOut(frame: Frame, { leftPx, topPx, widthPx, heightPx }: Area): Promise<Frame> {
  return fromSharp(toSharp(frame).extract({ left: leftPx, top: topPx, width: widthPx, height: heightPx }));
}

/** Resolves to the area whose alpha differs from 0 by more than a bound from 0 to 254, as libvips finds it. */
export async function trimmedArea(frame: Frame, bound: number): Promise<Area> {
  const alpha = await fromSharp(toSharp(frame).extractChannel("alpha"));
  const { info } = await toSharp(alpha)
    .trim({ background: "#000000", threshold: bound, lineArt: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { trimOffsetLeft = 0, trimOffsetTop = 0, width, height } = info;
  return { leftPx: Math.abs(trimOffsetLeft), topPx: Math.abs(trimOffsetTop), widthPx: width, heightPx: height };
}
