/** Counts pixels of work and lets other tasks run whenever a turn is full. Rejects once the signal is aborted. */
export type Pace = (pixels: number) => Promise<void>;

/** A pace whose turns are `pixelsPerTurn` long; the default is far below the 50 ms that nothing may block the event loop for. */
export function createPace(signal?: AbortSignal, pixelsPerTurn = 65_536): Pace {
  let spent = 0;
  return async (pixels) => {
    spent += pixels;
    if (spent < pixelsPerTurn) return;
    spent = 0;
    await new Promise<void>((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  };
}
