import { AppError } from "@pixelmesh/errors";

/** Limits of pictures, checked on the header before decoding. */
export type PictureLimits = {
  /** Bytes of the encoded file. */
  readonly maxBytes: number;
  /** Pixels of one frame of the input. */
  readonly maxInputPixels: number;
  /** Pixels of a result. */
  readonly maxOutputPixels: number;
  /** Either side of input and result. */
  readonly maxSidePx: number;
  /** Frames of an animation. Only the first one is ever decoded. */
  readonly maxFrames: number;
  /** Whether TIFF is read. Its loader is large and rarely needed. */
  readonly allowTiff: boolean;
};

/** 64 MiB, 50 MP in, 100 MP out, 16,384 px a side, 1,000 frames, no TIFF. */
export const defaultLimits: PictureLimits = Object.freeze({
  maxBytes: 64 * 1024 * 1024,
  maxInputPixels: 50_000_000,
  maxOutputPixels: 100_000_000,
  maxSidePx: 16_384,
  maxFrames: 1_000,
  allowTiff: false,
});

/** Throws IMAGE_SIDE_TOO_LONG or IMAGE_TOO_MANY_PIXELS if an input of these sides exceeds the limits. */
export function assertInputSize(widthPx: number, heightPx: number, limits: PictureLimits): void {
  if (widthPx > limits.maxSidePx || heightPx > limits.maxSidePx) {
    throw tooMuch(
      "IMAGE_SIDE_TOO_LONG",
      `sides up to ${limits.maxSidePx} px`,
      `${widthPx}x${heightPx}`,
      limits.maxSidePx,
    );
  }
  if (widthPx * heightPx > limits.maxInputPixels) {
    const got = `${toMegapixels(widthPx * heightPx)} MP (${widthPx}x${heightPx})`;
    throw tooMuch(
      "IMAGE_TOO_MANY_PIXELS",
      `up to ${toMegapixels(limits.maxInputPixels)} MP`,
      got,
      limits.maxInputPixels,
    );
  }
}

/** Throws IMAGE_TOO_MANY_BYTES if a file exceeds the limit. */
export function assertInputBytes(sizeBytes: number, limits: PictureLimits): void {
  if (sizeBytes > limits.maxBytes) {
    throw tooMuch("IMAGE_TOO_MANY_BYTES", `up to ${limits.maxBytes} bytes`, `${sizeBytes} bytes`, limits.maxBytes);
  }
}

/** Throws IMAGE_TOO_MANY_FRAMES if an animation exceeds the limit. `frames` may have been counted only up to it. */
export function assertInputFrames(frames: number, limits: PictureLimits): void {
  if (frames > limits.maxFrames) {
    throw tooMuch("IMAGE_TOO_MANY_FRAMES", `up to ${limits.maxFrames} frames`, `at least ${frames}`, limits.maxFrames);
  }
}

/** Throws OUTPUT_TOO_LARGE if a result of these sides exceeds the limits. Call it before memory is allocated. */
export function assertOutputSize(widthPx: number, heightPx: number, limits: PictureLimits): void {
  if (widthPx > limits.maxSidePx || heightPx > limits.maxSidePx) {
    throw new AppError(
      "OUTPUT_TOO_LARGE",
      `Expected a result with sides up to ${limits.maxSidePx} px, got ${widthPx}x${heightPx}`,
      { metadata: { limit: `${limits.maxSidePx}` } },
    );
  }
  if (widthPx * heightPx > limits.maxOutputPixels) {
    throw new AppError(
      "OUTPUT_TOO_LARGE",
      `Expected a result of up to ${toMegapixels(limits.maxOutputPixels)} MP, got ${toMegapixels(widthPx * heightPx)} MP (${widthPx}x${heightPx})`,
      { metadata: { limit: `${limits.maxOutputPixels}` } },
    );
  }
}

type TooMuch = "IMAGE_SIDE_TOO_LONG" | "IMAGE_TOO_MANY_PIXELS" | "IMAGE_TOO_MANY_BYTES" | "IMAGE_TOO_MANY_FRAMES";

function tooMuch(reason: TooMuch, form: string, got: string, limit: number): AppError {
  return new AppError(reason, `Expected a picture with ${form}, got ${got}`, { metadata: { limit: `${limit}` } });
}

function toMegapixels(pixels: number): string {
  return (Math.ceil(pixels / 10_000) / 100).toString();
}
