/** Counts pixels (or other units of work) of a long loop and yields to the event loop after each full turn. Rejects once the signal is aborted. */
export type Pace = (pixels: number) => Promise<void>;

const turnMs = 4;

/**
 * Creates a pace with turns of `pixelsPerTurn` (default 32,768: about 5 ms at 150 ms a megapixel). A turn also ends with the first call after 4 ms,
 * because some pixels cost more than others. The event loop must never be blocked for 50 ms.
 */
export function createPace(signal?: AbortSignal, pixelsPerTurn = 32_768): Pace {
  let spent = 0;
  let began = performance.now();
  return async (pixels) => {
    spent += pixels;
    if (spent < pixelsPerTurn && performance.now() - began < turnMs) return;
    await nextTurn();
    spent = 0;
    began = performance.now();
    signal?.throwIfAborted();
  };
}

// One iteration of the event loop runs all immediates that wait, so the turns of concurrent pictures would add up. This queue of the thread
// continues one of them in each iteration.
const waiting: (() => void)[] = [];

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) setImmediate(run);
  });
}

function run(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(run);
}
