/** Tells which announced batches have had no specification for too long. The clock is this process's own, because the broker's may differ. */
export type AbandonedAnnouncements = {
  /** Notes that the batch has no specification, and returns whether that has lasted too long since the announcement of this revision. */
  isAbandoned(batchId: string, revision: number): boolean;
  /** The batch has its specification, or is gone. */
  forget(batchId: string): void;
  forgetAll(): void;
};

/** Creates the watch. `now` returns ms of a clock that never goes back. */
export function watchAbandoned(
  abandonedMs: number,
  now: () => number = () => performance.now(),
): AbandonedAnnouncements {
  const waiting = new Map<string, { readonly revision: number; readonly sinceMs: number }>();
  return {
    isAbandoned(batchId, revision) {
      const seen = waiting.get(batchId);
      if (seen?.revision === revision) return now() - seen.sinceMs > abandonedMs;
      waiting.set(batchId, { revision, sinceMs: now() });
      return false;
    },
    forget: (batchId) => void waiting.delete(batchId),
    forgetAll: () => waiting.clear(),
  };
}
