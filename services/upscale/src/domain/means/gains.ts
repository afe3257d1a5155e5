import { createBoxMean } from "./detail.ts";
import { addTimes } from "./interpolate.ts";
import { createLayout, type SourceShape, toPlaces } from "./layout.ts";
import { lowPassReach } from "./low-pass.ts";
import type { NewRow, RowRing } from "./row-ring.ts";
import { createStage } from "./stage.ts";

/** Levels of detail that count as none: flat regions are not corrected for a pattern beside them. */
const leastDetail = 2;

/** How the samples of an enlargement are changed, by rows of its source. */
export type Gains = {
  /** Takes the next row of the source and of the enlargement's means, in levels from 0 to 255, and copies them. Pixels of alpha 0 count as if they had
   * their mean. */
  push(source: Uint8Array, means: Float32Array, alpha?: Uint8Array): void;
  /** How many rows from the top are known. They must be asked for before more rows are pushed. */
  known(): number;
  /**
   * Writes for each sample of a row a factor `f`, and after those for each an offset `c`: a sample `v` of the enlargement becomes
   * `v + f v + c`. False where all are 0. Rows are asked for top-down.
   */
  read(y: number, out: Float32Array): boolean;
};

/**
 * The changes that bring the local means of an enlargement back to its source's, in two stages. The first changes pixels in proportion to
 * how much the model changed around them, so that flat regions beside a pattern stay. The second makes up for what that could
 * not move, because a sample cannot leave 0 to 255: it changes all pixels alike. It finds nothing to do in all but odd results.
 */
export function createGains(shape: SourceShape, newRow: NewRow): Gains {
  const layout = createLayout(shape, 2, newRow);
  const { widthPx, heightPx, channels, samples, places, down, newRows, newGridRows } = layout;
  let taken = 0;
  let gridRows = 0;

  const sources = newRows("all");
  const means = newRows("all");
  const sums = newGridRows();
  /** Pixels that show, where some do not. */
  const shown = newGridRows();
  const isShown = new Float32Array(samples);
  let isPartly = false;
  const countsAt = (gridY: number) => (isPartly ? shown.at(gridY) : undefined);
  const difference = new Float32Array(samples);
  const spread = new Float32Array(places);
  const none = new Float32Array(samples);

  const changes = newRows("few", (y, row) => {
    const [source, mean] = [sources.at(y), means.at(y)];
    subtract(source, mean, row);
    for (let i = 0; i < samples; i++) row[i] = Math.abs(row[i] as number);
    return true;
  });
  const [once, twice] = [createBoxMean(widthPx, heightPx, channels), createBoxMean(widthPx, heightPx, channels)];
  const boxed = newRows("few", (y, row) => {
    once(y, changes.at, row);
    return true;
  });
  const details = newRows("half", (y, row) => {
    twice(y, boxed.at, row);
    for (let i = 0; i < samples; i++) row[i] = (row[i] as number) + leastDetail;
    return true;
  });
  const first = createStage(layout, { sumsAt: sums.at, meansAt: means.at, countsAt, weightsAt: details.at });

  /** What the first stage moves means by. */
  const moves = newRows("few", (y, row) => {
    const gains = first.unlessZero(y);
    if (gains === undefined) return false;
    const mean = means.at(y);
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
    row.set(sums.at(gridY));
    isMoved[gridY] = layout.addRows(gridY, row, -1, movesOfRow.unlessZero) ? 1 : 0;
    return true;
  });
  /** Where the first stage has moved nothing, nothing is off, or nothing can be moved. */
  function isDone(gridY: number): boolean {
    for (let y = Math.max(0, gridY - lowPassReach); y < isMoved.length && y <= gridY + lowPassReach; y++) {
      rest.at(y);
      if (isMoved[y] === 1) return false;
    }
    return true;
  }
  const second = createStage(layout, {
    sumsAt: rest.at,
    countsAt,
    isDone,
    meansAt: newRows("few", (y, row) => {
      const [mean, move] = [means.at(y), moves.at(y)];
      for (let i = 0; i < samples; i++) row[i] = (mean[i] as number) + (move[i] as number);
      return true;
    }).at,
  });

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
      mergeStages(one ?? none, two ?? none, out);
      return true;
    },
  };
}

function subtract(row: Float32Array, from: Float32Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = (row[i] as number) - (from[i] as number);
}

/** The factors and offsets of two gains, one applied after the other; both 0 leaves `out` as it is. */
function mergeStages(first: Float32Array, second: Float32Array, out: Float32Array): void {
  for (let i = 0; i < first.length; i++) {
    const a = first[i] as number;
    const b = second[i] as number;
    if (a === 0 && b === 0) continue;
    const kept = 1 - Math.abs(b);
    out[i] = (1 - Math.abs(a)) * kept - 1;
    out[first.length + i] = Math.max(0, a) * 255 * kept + Math.max(0, b) * 255;
  }
}
