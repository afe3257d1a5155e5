/** Measured speeds, by operation and model. */
export type RateBook = {
  /** Notes that a run over so many megapixels took so long. What is not above 0 is ignored. */
  observe(operation: string, model: string, megapixels: number, ms: number): void;
  /** Milliseconds to expect for so many megapixels; 0 where nothing was observed. */
  expectedMs(operation: string, model: string, megapixels: number): number;
};

// The newest run counts a fifth: a changed machine shows within a few runs, one odd run hardly does.
const newestShare = 0.2;

// More pairs than any mesh has models; the longest unused one makes room.
const maxEntries = 1024;

/**
 * An empty rate book: an exponentially weighted mean of milliseconds per megapixel for each pair of operation and model
 * (model "" where none is used). Bounded; holds no clock.
 */
export function createRateBook(): RateBook {
  const msPerMegapixel = new Map<string, number>();
  return {
    observe(operation, model, megapixels, ms) {
      if (!(megapixels > 0 && ms > 0 && Number.isFinite(ms / megapixels))) return;
      const key = keyOf(operation, model);
      const rate = ms / megapixels;
      const before = msPerMegapixel.get(key) ?? rate;
      msPerMegapixel.delete(key);
      msPerMegapixel.set(key, before + newestShare * (rate - before));
      const oldest = msPerMegapixel.keys().next();
      if (msPerMegapixel.size > maxEntries && !oldest.done) msPerMegapixel.delete(oldest.value);
    },
    expectedMs: (operation, model, megapixels) =>
      Math.max(0, (msPerMegapixel.get(keyOf(operation, model)) ?? 0) * megapixels),
  };
}

function keyOf(operation: string, model: string): string {
  return `${operation}/${model}`;
}
