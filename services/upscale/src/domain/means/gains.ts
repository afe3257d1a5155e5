import type { KernelSpace } from "../../kernels/kernel-space.ts";
import { createCorrectionPass } from "./correction-pass.ts";
import { createDetails } from "./detail.ts";
import { createLayout, type SourceShape } from "./layout.ts";
import { createSecondPass } from "./second-pass.ts";

/** A row of the source. */
export type SourceRow = {
  readonly pixels: Uint8Array;
  /** Pixels of alpha 0 count as if they had their mean. Must be given for all rows if `hasAlpha`. */
  readonly alpha: Uint8Array | undefined;
  /** Writes the enlargement's means, floats from 0 to 255, to an address. */
  readonly writeMeans: (to: number) => void;
};

/** The changes of an enlargement's samples, by rows of its source. */
export type Gains = {
  /** Adds the next row of the source and of the enlargement's means. */
  push(row: SourceRow): void;
  /** Returns how many rows from the top are known. They must be read before more rows are pushed. */
  known(): number;
  /**
   * Writes for each sample of a row a factor `f` and an offset `c`, floats in units of 2^-15 and of 2^-7 levels: a sample `v` of the
   * enlargement becomes `v + f v + c`. Returns false, and writes nothing, if all are 0. Rows are read top-down.
   */
  read(y: number, factors: number, offsets: number): boolean;
};

/**
 * Computes the changes that restore the source's local means, in two passes. The first one changes pixels in proportion to how
 * much the model changed around them, so that flat regions beside a pattern stay. The second one corrects the rest, which
 * remains because samples cannot leave 0 to 255: it changes all pixels alike. It has nothing to do except in rare results.
 */
export function createGains(space: KernelSpace, shape: SourceShape, hasAlpha: boolean): Gains {
  const { kernels } = space;
  const { widthPx, channels } = shape;
  const layout = createLayout(space, shape, 2);
  const { samples, zeros, newRows, newGridRows, sumOver } = layout;
  const pixels = space.allocate(samples);
  const visible = space.allocate(widthPx);
  let taken = 0;

  const means = newRows("all");
  const differences = newRows("all");
  const shown = newRows("all");
  const sumRows = (terms: number, count: number, to: number) => kernels.sumRows(terms, count, samples, to);
  const sums = newGridRows((gridY, row) => sumOver(gridY, (y) => [differences.at(y)], sumRows, row));
  const counts = newGridRows((gridY, row) => sumOver(gridY, (y) => [shown.at(y)], sumRows, row));

  const input = { sumsAt: sums.at, meansAt: means.at, countsAt: hasAlpha ? counts.at : undefined };
  const first = createCorrectionPass(layout, { ...input, weightsAt: createDetails(layout, differences.at) });
  const second = createSecondPass(layout, { ...input, first });

  return {
    push(row) {
      const mean = means.start(taken);
      row.writeMeans(mean);
      const difference = differences.start(taken);
      space.write(pixels, row.pixels);
      kernels.difference(pixels, mean, samples, difference);
      if (hasAlpha && row.alpha) {
        const isShown = shown.start(taken);
        space.write(visible, row.alpha);
        kernels.hide(visible, widthPx, channels, difference, isShown);
      }
      taken += 1;
    },
    known: () => layout.finalRows(taken),
    read(y, factors, offsets) {
      const [one, two] = [first.unlessZero(y), second.unlessZero(y)];
      if (one === undefined && two === undefined) return false;
      kernels.merge(one ?? zeros, two ?? zeros, samples, factors, offsets);
      return true;
    },
  };
}
