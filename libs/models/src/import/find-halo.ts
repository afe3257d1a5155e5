import type { Tile } from "@pixelmesh/inference";
import { cutSquare, noisePicture } from "./probe-pictures.ts";

/** How much context a model needs. */
export type Halo = {
  readonly haloPx: number;
  /** Whether tiles with this halo gave the very pixels of the untiled picture. */
  readonly exact: boolean;
  /** The largest difference that was seen with this halo, in 8-bit levels. */
  readonly worstLevels: number;
};

/** Above this a tile is mostly halo; what needs more is tiled with a seam that does not show. */
const maxHaloPx = 64;
const searchCorePx = 16;
/** The last taps of a deep network change one pixel in thousands by one level: it takes many to see them. */
const confirmCorePx = 64;
/** Two levels of 255 do not show, not even along a line. */
const invisibleLevels = 2;

/**
 * The smallest halo with which a tile from the middle of a picture has exactly the pixels of the untiled picture, found by
 * bisection on black and white noise and confirmed on a larger piece of it. It is what was seen in 8 bits, which can be less than the receptive
 * field. Where 64 px are not enough, the smallest of a few whose seam does not show, else 64.
 */
export async function findHalo(
  run: (tile: Tile) => Promise<Tile>,
  { scale, sizeMultiple }: { readonly scale: number; readonly sizeMultiple: number },
): Promise<Halo> {
  const toUnits = (px: number) => Math.ceil(px / sizeMultiple);
  const most = toUnits(maxHaloPx);

  const createProbe = async (seed: number, corePx: number) => {
    const core = toUnits(corePx) * sizeMultiple;
    const picture = noisePicture(2 * most * sizeMultiple + core, seed, true);
    const whole = await run(picture);
    const wanted = cutSquare(whole, most * sizeMultiple * scale, core * scale);
    return async (units: number) => {
      const halo = units * sizeMultiple;
      const tile = await run(cutSquare(picture, most * sizeMultiple - halo, core + 2 * halo));
      return worstDifference(cutSquare(tile, halo * scale, core * scale), wanted);
    };
  };
  const first = await createProbe(1, searchCorePx);
  const atMost = await first(most);
  if (atMost > 0) return chooseInvisible(first, atMost, most, sizeMultiple);
  let units = await bisect(async (each) => (await first(each)) === 0, most);
  const confirm = await createProbe(2, confirmCorePx);
  while (units < most && (await confirm(units)) > 0) units++;
  return { haloPx: units * sizeMultiple, exact: true, worstLevels: 0 };
}

/** The smallest number up to `most` that passes, where all above one that passes do. */
async function bisect(passes: (units: number) => Promise<boolean>, most: number): Promise<number> {
  let [below, at] = [-1, most];
  while (at - below > 1) {
    const middle = Math.floor((below + at) / 2);
    if (await passes(middle)) at = middle;
    else below = middle;
  }
  return at;
}

async function chooseInvisible(
  probe: (units: number) => Promise<number>,
  atMost: number,
  most: number,
  sizeMultiple: number,
): Promise<Halo> {
  for (const px of [16, 32, 48]) {
    const units = Math.ceil(px / sizeMultiple);
    const worstLevels = units < most ? await probe(units) : atMost;
    if (units < most && worstLevels <= invisibleLevels)
      return { haloPx: units * sizeMultiple, exact: false, worstLevels };
  }
  return { haloPx: most * sizeMultiple, exact: false, worstLevels: atMost };
}

function worstDifference(a: Tile, b: Tile): number {
  let worst = 0;
  for (let i = 0; i < a.data.length; i++) {
    worst = Math.max(worst, Math.abs((a.data[i] as number) - (b.data[i] as number)));
  }
  return worst;
}
