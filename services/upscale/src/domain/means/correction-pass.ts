import type { Layout } from "./layout.ts";
import { createLowPass } from "./low-pass.ts";
import type { RowRing } from "./row-ring.ts";

/** The input of a correction pass: addresses of rows, read in any order within the layout's rings. */
export type PassInput = {
  /** Differences between source and means, summed over the grid cells. */
  readonly sumsAt: (gridY: number) => number;
  /** Pixels that count, summed over the grid cells. Default: all count. */
  readonly countsAt: ((gridY: number) => number) | undefined;
  /** The enlargement's means before this pass. */
  readonly meansAt: (y: number) => number;
  /** Whether nothing is left to change around a row of the grid. */
  readonly isDone?: (gridY: number) => boolean;
  /** How much of a correction each pixel gets, relative to others. Default: all the same. */
  readonly weightsAt?: (y: number) => number;
};

/**
 * Levels by which a local mean may be off before it is corrected. Real pictures stay within it almost everywhere. From twice as much on the
 * whole difference is corrected. It is continuous in between, because a jump would be a visible seam.
 */
const toleranceLevels = 1.6;

/**
 * Computes gains that restore the source's local means. Differences are low-passed. The part above the tolerance is spread by
 * weight and by how far each pixel's mean can still be changed (its range). A symmetric filter before, and its sum as the
 * divisor, keep the sum over the picture. A gain moves a sample: from 0 to 1 that share of the way to 255, from 0 to -1 that
 * share of the way to 0.
 */
export function createCorrectionPass(
  layout: Layout,
  { sumsAt, countsAt, meansAt, isDone, weightsAt }: PassInput,
): RowRing {
  const { space, samples, places, channels, grid, across, down, ones, newRows, newGridRows, sumOver } = layout;
  const { kernels } = space;
  const weights = weightsAt ?? (() => ones);
  // Not shared: while this one reads a row, another pass may filter.
  const lowPass = createLowPass(space, { ...grid, channels });
  const filtered = space.allocate(places * 4);
  const counted = space.allocate(places * 4);
  const mixed = space.allocate(places * 4);

  /** Computes how far means can be changed, up (`limit` 255) or down (`limit` 0), by weight. */
  const createRanges = (limit: 255 | 0): RowRing =>
    newGridRows((gridY, row) =>
      sumOver(
        gridY,
        (y) => [meansAt(y), weights(y)],
        (terms, count, to) => kernels.sumRanges(terms, count, limit, samples, to),
        row,
      ),
    );
  const upwards = createRanges(255);
  const downwards = createRanges(0);

  /** Replaces the low-passed sums in a row by what is corrected of them. */
  function correct(gridY: number, row: number): number {
    if (countsAt === undefined) {
      return kernels.correct(row, places, layout.countsAcross, layout.countsDown[gridY] as number, toleranceLevels);
    }
    lowPass(gridY, countsAt, counted);
    return kernels.correct(row, places, counted, 1, toleranceLevels);
  }

  /** The required change of each grid cell, divided by the possible one. */
  const ratios = newGridRows((gridY, row) => {
    if (isDone?.(gridY)) return false;
    lowPass(gridY, sumsAt, row);
    const signs = correct(gridY, row);
    for (const [bit, sign, ranges] of [[1, 1, upwards] as const, [2, -1, downwards] as const]) {
      if ((signs & bit) === 0) continue;
      lowPass(gridY, ranges.at, filtered);
      kernels.divide(row, places, filtered, sign);
    }
    return signs !== 0;
  });

  return newRows("half", (y, row) => {
    const [above, below] = [down.from[y] as number, down.to[y] as number];
    if (ratios.unlessZero(above) === undefined && ratios.unlessZero(below) === undefined) return false;
    const isAny = kernels.mix(ratios.at(above), ratios.at(below), down.share[y] as number, places, mixed);
    if (!isAny) return false;
    kernels.weighGains(mixed, channels, grid.columns, across.begins, across.shares, weights(y), row);
    return true;
  });
}
