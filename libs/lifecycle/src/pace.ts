/** Counts pixels (or other units) of work in long loops and lets other tasks run whenever a turn is full. Rejects once the signal is aborted. */
export type Pace = (pixels: number) => Promise<void>;

/**
 * A pace whose turns are `pixelsPerTurn` long (default 32,768: about 5 ms at 150 ms a megapixel, far below the 50 ms that
 * nothing may block the event loop for).
 */
export function createPace(signal?: AbortSignal, pixelsPerTurn = 32_768): Pace {
  let spent = 0;
  return async (pixels) => {
    spent += pixels;
    if (spent < pixelsPerTurn) return;
    spent = 0;
    await new Promise<void>((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  };
}
