import { createFrame, type Frame } from "@pixelmesh/imaging";

/**
 * Resizes a frame like MATLAB's `imresize(picture, scale, "bicubic")`: cubic kernel of a = -0.5 (Keys, "Cubic convolution
 * interpolation for digital image processing", 1981), widened by 1 / scale for a reduction, borders mirrored. Sides become
 * `ceil(side * scale)`; samples are rounded once, at the end. Published super-resolution figures use this resize.
 */
export function resizeLikeMatlab(frame: Frame, scale: number): Frame {
  const { widthPx, heightPx, channels } = frame;
  if (!(scale > 0 && Number.isFinite(scale))) throw new RangeError(`Expected a scale above 0, got ${scale}`);
  const columns = createTaps(widthPx, scale);
  const rows = createTaps(heightPx, scale);
  const lower = mixLines(Float64Array.from(frame.data), rows, { lines: 1, step: widthPx * channels });
  const resized = mixLines(lower, columns, { lines: rows.length, step: channels });
  return createFrame(columns.length, rows.length, channels, Uint8Array.from(Uint8ClampedArray.from(resized)));
}

/** The samples that a new sample is computed from, with their weights. */
type Taps = readonly { readonly at: number; readonly weight: number }[];

function createTaps(sidePx: number, scale: number): readonly Taps[] {
  const shrink = Math.min(1, scale);
  const reach = 2 / shrink;
  return Array.from({ length: Math.ceil(sidePx * scale) }, (_, to) => {
    const centre = (to + 0.5) / scale - 0.5;
    const taps: { at: number; weight: number }[] = [];
    for (let at = Math.ceil(centre - reach); at <= centre + reach; at++) {
      const weight = cubic(Math.abs(centre - at) * shrink);
      if (weight !== 0) taps.push({ at: mirror(at, sidePx), weight });
    }
    const sum = taps.reduce((total, { weight }) => total + weight, 0);
    return taps.map(({ at, weight }) => ({ at, weight: weight / sum }));
  });
}

function cubic(distance: number): number {
  if (distance >= 2) return 0;
  if (distance > 1) return ((-0.5 * distance + 2.5) * distance - 4) * distance + 2;
  return (1.5 * distance - 2.5) * distance * distance + 1;
}

/** Maps a position beyond the border to a sample: … 1 0 | 0 1 2 … n-1 | n-1 n-2 … */
function mirror(at: number, sidePx: number): number {
  const place = ((at % (2 * sidePx)) + 2 * sidePx) % (2 * sidePx);
  return place < sidePx ? place : 2 * sidePx - 1 - place;
}

/** Resizes along one direction: in each of `lines` runs, groups of `step` values are mixed into new groups. */
function mixLines(
  values: Float64Array,
  taps: readonly Taps[],
  { lines, step }: { readonly lines: number; readonly step: number },
): Float64Array {
  const mixed = new Float64Array(lines * taps.length * step);
  const lineLength = values.length / lines;
  let to = 0;
  for (let line = 0; line < lines; line++) {
    for (const group of taps) {
      for (const { at, weight } of group) {
        const from = line * lineLength + at * step;
        for (let i = 0; i < step; i++)
          mixed[to + i] = (mixed[to + i] as number) + weight * (values[from + i] as number);
      }
      to += step;
    }
  }
  return mixed;
}
