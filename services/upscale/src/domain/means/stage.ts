import { interpolateRow, mixRows } from "./interpolate.ts";
import { type Layout, toPlaces } from "./layout.ts";
import { createLowPass } from "./low-pass.ts";
import type { RowRing } from "./row-ring.ts";

/** What a stage works on. Rows are asked for in any order within the layout's rings. */
export type StageInput = {
  /** Differences between source and means, summed over the places of the grid. */
  readonly sumsAt: (gridY: number) => Float32Array;
  /** Pixels that count, summed over the places of the grid; undefined where all do. */
  readonly countsAt: (gridY: number) => Float32Array | undefined;
  /** The enlargement's means, as they are before this stage. */
  readonly meansAt: (y: number) => Float32Array;
  /** Whether nothing is left to move around a row of the grid. */
  readonly isDone?: (gridY: number) => boolean;
  /** How much of a correction each pixel takes, against others; without it all take the same. */
  readonly weightsAt?: (y: number) => Float32Array;
};

/** What a local mean may be off by, in levels, before it is corrected. Real pictures stay within it almost everywhere. */
const toleranceLevels = 1.6;

/** Nothing up to the tolerance, all from twice the tolerance on, continuous in between: a jump would be a seam. */
function toCorrection(levels: number): number {
  const off = Math.abs(levels);
  if (off <= toleranceLevels) return 0;
  return off >= 2 * toleranceLevels ? levels : 2 * Math.sign(levels) * (off - toleranceLevels);
}

/**
 * Gains that bring local means to the source's: differences are low-passed; what is above the tolerance is spread by weight and
 * by how far each pixel's mean can still be moved (its room). A symmetric filter before and its sum as the divisor keep the sum over
 * the picture. A gain moves a sample: from 0 to 1 that share of the way to 255, from 0 to -1 that share of the way to 0.
 */
export function createStage(layout: Layout, { sumsAt, countsAt, meansAt, isDone, weightsAt }: StageInput): RowRing {
  const { samples, places, channels, grid, across, down, counts, newRows, newGridRows } = layout;
  // Its own: while it asks for a row, another stage may filter.
  const lowPass = createLowPass(grid);
  const ones = new Float32Array(samples).fill(1);
  const weighted = new Float32Array(samples);
  const filtered = new Float32Array(places);
  const counted = new Float32Array(places);

  /** How far means can be moved up (from `limit` 255 on) or down (to 0), by weight. */
  function createRooms(limit: 255 | 0) {
    const ofRow = layout.newSpreadRows((y, row) => {
      const [means, weights] = [meansAt(y), weightsAt?.(y) ?? ones];
      weighRooms(means, weights, limit, weighted);
      toPlaces(layout, weighted, row);
      return true;
    });
    return newGridRows((gridY, row) => {
      layout.addRows(gridY, row, 1, ofRow.at);
      return true;
    });
  }
  const upwards = createRooms(255);
  const downwards = createRooms(0);

  /** What is to be moved at each place of the grid, over what can be. */
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
    for (const [isAny, sign, rooms] of [[isUp, 1, upwards] as const, [isDown, -1, downwards] as const]) {
      if (!isAny) continue;
      lowPass(gridY, rooms.at, filtered);
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

function weighRooms(means: Float32Array, weights: Float32Array, limit: number, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = (weights[i] as number) * Math.abs(limit - (means[i] as number));
}

function weighGains(weights: Float32Array, gains: Float32Array): void {
  for (let i = 0; i < gains.length; i++) {
    gains[i] = Math.max(-1, Math.min(1, (gains[i] as number) * (weights[i] as number)));
  }
}
