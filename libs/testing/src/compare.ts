import type { Frame } from "@pixelmesh/imaging";

/** Difference of two frames over all samples, alpha included. */
export type FrameDifference = {
  /** Peak signal-to-noise ratio in dB for a peak of 255; Infinity for equal frames. */
  readonly psnrDb: number;
  /** Largest difference of two samples, 0 to 255. */
  readonly maxDiff: number;
  /** Mean absolute difference. */
  readonly meanDiff: number;
};

/** Compares two frames. Throws RangeError where their sides or channels differ. */
export function compareFrames(a: Frame, b: Frame): FrameDifference {
  assertSameShape(a, b);
  let squares = 0;
  let sum = 0;
  let maxDiff = 0;
  for (let i = 0; i < a.data.length; i += 1) {
    const diff = Math.abs((a.data[i] as number) - (b.data[i] as number));
    squares += diff * diff;
    sum += diff;
    if (diff > maxDiff) maxDiff = diff;
  }
  const meanSquare = squares / a.data.length;
  return { psnrDb: 10 * Math.log10(255 ** 2 / meanSquare), maxDiff, meanDiff: sum / a.data.length };
}

/** Throws RangeError unless both frames have the same sides and channels. */
export function assertSameShape(a: Shape, b: Shape): void {
  const shapeOf = ({ widthPx, heightPx, channels }: Shape) => `${widthPx}x${heightPx}x${channels}`;
  if (shapeOf(a) !== shapeOf(b))
    throw new RangeError(`Expected two frames of one shape, got ${shapeOf(a)} and ${shapeOf(b)}`);
}

type Shape = Omit<Frame, "data">;
