import { interpolateRow, mixRows } from "./interpolate.ts";
import { type Layout, toPlaces } from "./layout.ts";
import { createLowPass } from "./low-pass.ts";
import type { RowRing } from "./row-ring.ts";

/** The input of a correction pass. Rows are read in any order within the layout's rings. */
export type PassInput = {
  /** Differences between source and means, summed over the grid cells. */
  readonly sumsAt: (gridY: number) => Float32Array;
  /** Pixels that count, summed over the grid cells; undefined if all count. */
  readonly countsAt: (gridY: number) => Float32Array | undefined;
  /** The enlargement's means before this pass. */
  readonly meansAt: (y: number) => Float32Array;
  /** Whether nothing is left to change around a row of the grid. */
  readonly isDone?: (gridY: number) => boolean;
  /** How much of a correction each pixel gets, relative to others. Default: all the same. */
  readonly weightsAt?: (y: number) => Float32Array;
};

/** Levels by which a local mean may be off before it is corrected. Real pictures stay within it almost everywhere. */
const toleranceLevels = 1.6;

/** Nothing up to the tolerance, all from twice the tolerance on, continuous in between, because a jump would be a visible seam. */
function toCorrection(levels: number): number {
  const off = Math.abs(levels);
  if (off <= toleranceLevels) return 0;
  return off >= 2 * toleranceLevels ? levels : 2 * Math.sign(levels) * (off - toleranceLevels);
}

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
  const { samples, places, channels, grid, across, down, counts, newRows, newGridRows } = layout;
  // Not shared: while this one reads a row, another pass may filter.
  const lowPass = createLowPass(grid);
  const ones = new Float32Array(samples).fill(1);
  const weighted = new Float32Array(samples);
  const filtered = new Float32Array(places);
  const counted = new Float32Array(places);

  /** Computes how far means can be changed, up (`limit` 255) or down (`limit` 0), by weight. */
  function createRanges(limit: 255 | 0) {
    const ofRow = layout.newSpreadRows((y, row) => {
      const [means, weights] = [meansAt(y), weightsAt?.(y) ?? ones];
      weighRanges(means, weights, limit, weighted);
      toPlaces(layout, weighted, row);
      return true;
    });
    return newGridRows((gridY, row) => {
      layout.addRows(gridY, row, 1, ofRow.at);
      return true;
    });
  }
  const upwards = createRanges(255);
  const downwards = createRanges(0);

  /** The required change of each grid cell, divided by the possible one. */
  const ratios = newGridRows((gridY, row) => {
    if (isDone?.(gridY)) return false;
    lowPass(gridY, sumsAt, row);
    const isCounted = countsAt(gridY) !== undefined;
    if (isCounted) lowPass(gridY, (y) => countsAt(y) as Float32Array, counted);
    let [isUp, isDown] = [false, false];
    for (let i = 0; i < places; i++) {
      const count = isCounted ? (counted[i] as number) : counts(gridY, i);
      const rest = count > 0 ? toCorrection((row[i] as number) / count) * count : 0;
      row[i] = rest;
      isUp ||= rest > 0;
      isDown ||= rest < 0;
    }
    for (const [isAny, sign, ranges] of [[isUp, 1, upwards] as const, [isDown, -1, downwards] as const]) {
      if (!isAny) continue;
      lowPass(gridY, ranges.at, filtered);
      for (let i = 0; i < places; i++) {
        const rest = row[i] as number;
        if (rest * sign > 0) row[i] = rest / Math.max(filtered[i] as number, 1e-6);
      }
    }
    return isUp || isDown;
  });

  const mixed = new Float32Array(places);
  return newRows("half", (y, row) => {
    const [above, below] = [ratios.at(down.from[y] as number), ratios.at(down.to[y] as number)];
    if (!mixRows(above, below, down.share[y] as number, mixed)) return false;
    interpolateRow(mixed, row, across, channels);
    const weights = weightsAt?.(y) ?? ones;
    weighGains(weights, row);
    return true;
  });
}

function weighRanges(means: Float32Array, weights: Float32Array, limit: number, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = (weights[i] as number) * Math.abs(limit - (means[i] as number));
}

function weighGains(weights: Float32Array, gains: Float32Array): void {
  for (let i = 0; i < gains.length; i++) {
    gains[i] = Math.max(-1, Math.min(1, (gains[i] as number) * (weights[i] as number)));
  }
}
