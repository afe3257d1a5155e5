import type { Pace } from "@pixelmesh/lifecycle";

/** Pixels of work between two turns of the event loop. */
export const turnPixels = 65_536;

const mostRows = 32;

/** Rows for one turn: about 65,536 pixels, 32 rows at most, and at least one. */
export function rowsPerTurn(widthPx: number): number {
  return Math.max(1, Math.min(mostRows, Math.floor(turnPixels / widthPx)));
}

/** Calls a kernel with ranges of its steps, each of about `turnPixels`, and pauses between them. */
export type InTurns = (steps: number, stepPx: number, run: (from: number, to: number) => void) => Promise<void>;

/** Creates the turns of work that pauses by `pace`. */
export function createTurns(pace: Pace): InTurns {
  return async (steps, stepPx, run) => {
    const perTurn = Math.max(1, Math.floor(turnPixels / stepPx));
    for (let from = 0; from < steps; from += perTurn) {
      const to = Math.min(steps, from + perTurn);
      run(from, to);
      await pace((to - from) * stepPx);
    }
  };
}
