/** Counts pixels (or other units of work) of a long loop and yields to the event loop after each full turn. Rejects once the signal is aborted. */
export type Pace = (pixels: number) => Promise<void>;

/**
 * Creates a pace with turns of `pixelsPerTurn` (default 32,768: about 5 ms at 150 ms a megapixel). The event loop must never be
 * blocked for 50 ms.
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
