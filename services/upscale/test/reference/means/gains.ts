import { createCorrectionPass } from "./correction-pass.ts";
import { createDetails, subtract } from "./detail.ts";
import { addTimes } from "./interpolate.ts";
import { createLayout, type SourceShape, toPlaces } from "./layout.ts";
import type { NewRow, RowRing } from "./row-ring.ts";
import { createSecondPass } from "./second-pass.ts";

/** The changes of an enlargement's samples, by rows of its source. */
export type Gains = {
  /**
   * Adds the next row of the source and of the enlargement's means, in levels from 0 to 255, as copies. Pixels of alpha 0 count
   * as if they had their mean.
   */
  push(source: Uint8Array, means: Float32Array, alpha?: Uint8Array): void;
  /** Returns how many rows from the top are known. They must be read before more rows are pushed. */
  known(): number;
  /**
   * Writes for each sample of a row a factor `f`, and after all factors for each sample an offset `c`: a sample `v` of the
   * enlargement becomes `v + f v + c`. Returns false if all are 0. Rows are read top-down.
   */
  read(y: number, out: Float32Array): boolean;
};

/**
 * Computes the changes that restore the source's local means, in two passes. The first one changes pixels in proportion to how
 * much the model changed around them, so that flat regions beside a pattern stay. The second one corrects the rest, which
 * remains because samples cannot leave 0 to 255: it changes all pixels alike. It has nothing to do except in rare results.
 */
export function createGains(shape: SourceShape, newRow: NewRow): Gains {
  const layout = createLayout(shape, 2, newRow);
  const { channels, samples, places, down, newRows, newGridRows } = layout;
  let taken = 0;
  let gridRows = 0;

  const sources = newRows("all");
  const means = newRows("all");
  const sums = newGridRows();
  /** Visible pixels, if some are not. */
  const shown = newGridRows();
  const isShown = new Float32Array(samples);
  let isPartly = false;
  const countsAt = (gridY: number) => (isPartly ? shown.at(gridY) : undefined);
  const difference = new Float32Array(samples);
  const spread = new Float32Array(places);
  const none = new Float32Array(samples);

  const detailsAt = createDetails(layout, sources.at, means.at);
  const first = createCorrectionPass(layout, { sumsAt: sums.at, meansAt: means.at, countsAt, weightsAt: detailsAt });

  const second = createSecondPass(layout, { first, sumsAt: sums.at, meansAt: means.at, countsAt });

  /** Adds the latest row to the rows of the grid that it lies between. */
  function addRow(row: Float32Array, into: RowRing): void {
    const below = down.share[taken] as number;
    spread.fill(0);
    toPlaces(layout, row, spread);
    addTimes(into.at(down.from[taken] as number), 1 - below, spread);
    if (below > 0) addTimes(into.at(down.to[taken] as number), below, spread);
  }

  return {
    push(source, meansRow, alpha) {
      const wanted = sources.start(taken);
      wanted.set(source);
      for (let i = 0; alpha && i < samples; i++) {
        isShown[i] = alpha[Math.floor(i / channels)] === 0 ? 0 : 1;
        if (isShown[i] === 0) wanted[i] = meansRow[i] as number;
      }
      isPartly = alpha !== undefined;
      means.start(taken).set(meansRow);
      while (gridRows <= (down.to[taken] as number)) {
        shown.start(gridRows);
        sums.start(gridRows++);
      }
      subtract(wanted, meansRow, difference);
      addRow(difference, sums);
      if (alpha) addRow(isShown, shown);
      taken += 1;
    },
    known: () => layout.finalRows(taken),
    read(y, out) {
      const [one, two] = [first.unlessZero(y), second.unlessZero(y)];
      if (one === undefined && two === undefined) return false;
      mergePasses(one ?? none, two ?? none, out);
      return true;
    },
  };
}

/** Combines the factors and offsets of two gains, one applied after the other. If both are 0, `out` is unchanged. */
function mergePasses(first: Float32Array, second: Float32Array, out: Float32Array): void {
  for (let i = 0; i < first.length; i++) {
    const a = first[i] as number;
    const b = second[i] as number;
    if (a === 0 && b === 0) continue;
    const kept = 1 - Math.abs(b);
    out[i] = (1 - Math.abs(a)) * kept - 1;
    out[first.length + i] = Math.max(0, a) * 255 * kept + Math.max(0, b) * 255;
  }
}
