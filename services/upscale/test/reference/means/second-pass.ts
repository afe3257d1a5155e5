import { createCorrectionPass, type PassInput } from "./correction-pass.ts";
import { type Layout, toPlaces } from "./layout.ts";
import { lowPassReach } from "./low-pass.ts";
import type { RowRing } from "./row-ring.ts";

/** The input of the first pass, and its gains. */
export type SecondPassInput = Pick<PassInput, "sumsAt" | "meansAt" | "countsAt"> & { readonly first: RowRing };

/**
 * Computes the gains of the second pass. It corrects the difference that remains after the first pass, and gives all pixels the same
 * share of it.
 */
export function createSecondPass(layout: Layout, { first, sumsAt, meansAt, countsAt }: SecondPassInput): RowRing {
  const { samples, newRows, newGridRows } = layout;

  /** The change of means by the first pass. */
  const moves = newRows("few", (y, row) => {
    const gains = first.unlessZero(y);
    if (gains === undefined) return false;
    const mean = meansAt(y);
    for (let i = 0; i < samples; i++) {
      const gain = gains[i] as number;
      row[i] = gain * (gain > 0 ? 255 - (mean[i] as number) : (mean[i] as number));
    }
    return true;
  });
  const movesOfRow = layout.newSpreadRows((y, row) => {
    const move = moves.unlessZero(y);
    if (move) toPlaces(layout, move, row);
    return move !== undefined;
  });
  const isMoved = new Uint8Array(layout.grid.rows);
  const rest = newGridRows((gridY, row) => {
    row.set(sumsAt(gridY));
    isMoved[gridY] = layout.addRows(gridY, row, -1, movesOfRow.unlessZero) ? 1 : 0;
    return true;
  });
  /** Whether the first pass changed nothing around this row: no mean is off, or none can be changed. */
  function isDone(gridY: number): boolean {
    for (let y = Math.max(0, gridY - lowPassReach); y < isMoved.length && y <= gridY + lowPassReach; y++) {
      rest.at(y);
      if (isMoved[y] === 1) return false;
    }
    return true;
  }
  return createCorrectionPass(layout, {
    sumsAt: rest.at,
    countsAt,
    isDone,
    meansAt: newRows("few", (y, row) => {
      const [mean, move] = [meansAt(y), moves.at(y)];
      for (let i = 0; i < samples; i++) row[i] = (mean[i] as number) + (move[i] as number);
      return true;
    }).at,
  });
}
