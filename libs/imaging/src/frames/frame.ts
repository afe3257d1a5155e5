import { AppError } from "@pixelmesh/errors";

/**
 * A whole picture in memory: rows top-down, samples interleaved, 8-bit sRGB (or grey of the same curve). Alpha is straight and
 * comes last if `channels` is 2 or 4. `data.length` is `widthPx * heightPx * channels`.
 */
export type Frame = {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly channels: Channels;
  readonly data: Uint8Array;
};

/** Samples per pixel: grey, grey with alpha, RGB, RGB with alpha. */
export type Channels = 1 | 2 | 3 | 4;

/**
 * Creates a frame over `data`, or over new zeroed memory. Throws INTERNAL if the sides are not positive integers or the data has
 * the wrong length: such a mistake is in the caller's code, not in a picture.
 */
export function createFrame(widthPx: number, heightPx: number, channels: Channels, data?: Uint8Array): Frame {
  assertShape(widthPx, heightPx, channels);
  const length = widthPx * heightPx * channels;
  if (data !== undefined && data.length !== length) {
    throw new AppError(
      "INTERNAL",
      `Expected ${length} bytes of pixels for ${widthPx}x${heightPx}x${channels}, got ${data.length}`,
    );
  }
  return { widthPx, heightPx, channels, data: data ?? new Uint8Array(length) };
}

/** Whether the last sample of each pixel is alpha, even if that alpha is 255 everywhere. */
export function frameHasAlpha(frame: { readonly channels: Channels }): boolean {
  return frame.channels === 2 || frame.channels === 4;
}

/** Throws INTERNAL unless the sides are positive integers and there are 1 to 4 channels. */
export function assertShape(widthPx: number, heightPx: number, channels: number): asserts channels is Channels {
  const sides = Number.isSafeInteger(widthPx) && Number.isSafeInteger(heightPx) && widthPx > 0 && heightPx > 0;
  if (!sides || !Number.isInteger(channels) || channels < 1 || channels > 4) {
    throw new AppError(
      "INTERNAL",
      `Expected positive sides and 1 to 4 channels, got ${widthPx}x${heightPx}x${channels}`,
    );
  }
}
