/** Pixels of work between two turns of the event loop. */
export const turnPixels = 65_536;

const mostRows = 32;

/** Rows for one turn: about 65,536 pixels, 32 rows at most, and at least one. */
export function rowsPerTurn(widthPx: number): number {
  return Math.max(1, Math.min(mostRows, Math.floor(turnPixels / widthPx)));
}
