import type { Tile } from "@pixelmesh/inference";
import { cutSquare, noisePicture } from "./probe-pictures.ts";

/** The context that a model needs. */
export type Halo = {
  readonly haloPx: number;
  /** Whether tiles with this halo have exactly the pixels of the untiled picture. */
  readonly exact: boolean;
  /** The largest difference with this halo, in 8-bit levels. */
  readonly worstLevels: number;
};

/** Above this a tile is mostly halo. A model that needs more is tiled with a seam that is not visible. */
const maxHaloPx = 64;
const searchCorePx = 16;
/** The last taps of a deep network change one pixel in thousands by one level, so that many pixels are needed. */
const confirmCorePx = 64;
/** Two levels of 255 are not visible, not even along a line. */
const invisibleLevels = 2;

/**
 * Finds the smallest halo with which a tile from the middle of a picture has exactly the pixels of the untiled picture, by
 * bisection on black and white noise, and confirms it on a larger tile. It may be less than the receptive field, because
 * pixels have 8 bits. If 64 px are not enough, it returns the smallest of a few halos whose seam is not visible, else 64.
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

/** Returns the smallest number up to `most` that passes. All numbers above a passing one must pass. */
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
