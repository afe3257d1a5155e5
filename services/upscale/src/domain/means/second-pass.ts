import { createCorrectionPass, type PassInput } from "./correction-pass.ts";
import type { Layout } from "./layout.ts";
import { lowPassReach } from "./low-pass.ts";
import type { RowRing } from "./row-ring.ts";

/** The input of the first pass, and its gains. */
export type SecondPassInput = Pick<PassInput, "sumsAt" | "meansAt" | "countsAt"> & { readonly first: RowRing };

/**
 * Computes the gains of the second pass. It corrects the difference that remains after the first pass, and gives all pixels the same
 * share of it.
 */
export function createSecondPass(layout: Layout, { first, sumsAt, meansAt, countsAt }: SecondPassInput): RowRing {
  const { samples, places, grid, newRows, newGridRows, sumOver } = layout;
  const { kernels } = layout.space;

  /** The change of means by the first pass. */
  const moves = newRows("few", (y, row) => {
    const gains = first.unlessZero(y);
    if (gains !== undefined) kernels.moveMeans(gains, meansAt(y), samples, row);
    return gains !== undefined;
  });
  const ofMoves = (y: number) => {
    const row = moves.unlessZero(y);
    return row === undefined ? undefined : ([row] as const);
  };
  const sumMoves = (terms: number, count: number, to: number) => kernels.sumRows(terms, count, samples, to);
  /** The sums that remain; 0 where the first pass changed nothing. */
  const rest = newGridRows((gridY, row) => {
    if (!sumOver(gridY, ofMoves, sumMoves, row)) return false;
    kernels.add(sumsAt(gridY), row, -1, places, row);
    return true;
  });
  const movedMeans = newRows("few", (y, row) => {
    const move = moves.unlessZero(y);
    if (move !== undefined) kernels.add(meansAt(y), move, 1, samples, row);
    return move !== undefined;
  });
  /** Whether the first pass changed nothing around this row: no mean is off, or none can be changed. */
  function isDone(gridY: number): boolean {
    const last = Math.min(grid.rows - 1, gridY + lowPassReach);
    for (let y = Math.max(0, gridY - lowPassReach); y <= last; y++) {
      if (rest.unlessZero(y) !== undefined) return false;
    }
    return true;
  }
  return createCorrectionPass(layout, {
    sumsAt: (gridY) => rest.unlessZero(gridY) ?? sumsAt(gridY),
    meansAt: (y) => movedMeans.unlessZero(y) ?? meansAt(y),
    countsAt,
    isDone,
  });
}
