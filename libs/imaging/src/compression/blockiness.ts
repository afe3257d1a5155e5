/** A plane of brightness, 0 to 255, row by row. */
export type Luminance = { readonly widthPx: number; readonly heightPx: number; readonly data: Uint8Array };

const blockPx = 8;

/** Added to both shares, so that flat pictures give 1. */
const flatShare = 0.02;

/**
 * Computes how much more often brightness steps at borders of 8×8 blocks than elsewhere: about 1 without blocks, 2 and more for low JPEG files. A place
 * counts as a step if its difference is larger than those before and behind it. That blocks repeat every 8 px is the idea of Wang, Bovik and Evans
 * ("Blind measurement of blocking artifacts in images", ICIP 2000). Counting, where they sum up, keeps a few strong edges from deciding.
 *
 * The place of the grid is not known after a crop, so the place with the most steps counts. Blocks show in both directions, stripes in one: the smaller
 * ratio is the result. Returns 1 for planes of less than 32 px a side, which tell nothing.
 */
export function measureBlockiness({ widthPx, heightPx, data }: Luminance): number {
  if (Math.min(widthPx, heightPx) < 4 * blockPx) return 1;
  const across = countSteps({ data, lines: heightPx, lineStride: widthPx, lengthPx: widthPx, stride: 1 });
  const down = countSteps({ data, lines: widthPx, lineStride: 1, lengthPx: heightPx, stride: widthPx });
  return Math.min(ratioOf(across), ratioOf(down));
}

/** Lines of pixels: `lines` of them, `lengthPx` long. */
type Lines = {
  readonly data: Uint8Array;
  readonly lines: number;
  readonly lineStride: number;
  readonly lengthPx: number;
  readonly stride: number;
};

/** Steps and places, by the place's remainder of 8. */
type Counts = { readonly steps: Float64Array; readonly places: Float64Array };

function countSteps({ data, lines, lineStride, lengthPx, stride }: Lines): Counts {
  const counts = { steps: new Float64Array(blockPx), places: new Float64Array(blockPx) };
  const at = (i: number) => data[i] as number;
  for (let line = 0; line < lines; line++) {
    const start = line * lineStride;
    let before = Math.abs(at(start) - at(start + stride));
    let here = Math.abs(at(start + stride) - at(start + 2 * stride));
    for (let place = 1; place + 2 < lengthPx; place++) {
      const i = start + (place + 1) * stride;
      const behind = Math.abs(at(i) - at(i + stride));
      const phase = place % blockPx;
      counts.places[phase] = (counts.places[phase] as number) + 1;
      if (here > before && here > behind) counts.steps[phase] = (counts.steps[phase] as number) + 1;
      before = here;
      here = behind;
    }
  }
  return counts;
}

/** The largest share of steps at one remainder, over that of the other remainders. */
function ratioOf({ steps, places }: Counts): number {
  const sumOf = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);
  const [allSteps, allPlaces] = [sumOf(steps), sumOf(places)];
  const ratios = Array.from(steps, (own, phase) => {
    const ownPlaces = places[phase] as number;
    return (own / ownPlaces + flatShare) / ((allSteps - own) / (allPlaces - ownPlaces) + flatShare);
  });
  return Math.max(...ratios);
}
