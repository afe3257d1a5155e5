/** The size of a bucket and its bounds. */
export type BucketFill = {
  readonly sizeBytes: number;
  readonly boundBytes: number;
  readonly entries: number;
  readonly maxEntries: number;
};

/**
 * Shares of `boundBytes` at which eviction begins (`begin`) and ends (`end`) and new jobs are refused (`refuse`). `widen` is a share of
 * the stream's `max_bytes`: the bucket is widened above it.
 */
export const evictionThresholds = { begin: 0.8, end: 0.7, refuse: 0.85, widen: 0.95 } as const;

/** The share of a bucket's sequences that one eviction step covers, and its bounds: the broker does nothing else during a purge. */
const stepShare = 0.04;
const minStep = 50;
const maxStep = 100_000;
const endEntriesShare = 0.95;

/** Whether eviction must begin. */
export function isOverfull({ sizeBytes, boundBytes, entries, maxEntries }: BucketFill): boolean {
  return sizeBytes > evictionThresholds.begin * boundBytes || entries > maxEntries;
}

/** Whether eviction has made enough space to end. */
export function isBelowTarget({ sizeBytes, boundBytes, entries, maxEntries }: BucketFill): boolean {
  return sizeBytes <= evictionThresholds.end * boundBytes && entries <= endEntriesShare * maxEntries;
}

/** Returns the sequence below which the next step evicts: a small part of the bucket, never beyond the end of the pass. */
export function nextCut(firstSequence: number, lastSequence: number, passEnd: number): number {
  const span = lastSequence - firstSequence + 1;
  const step = Math.max(minStep, Math.min(maxStep, Math.ceil(span * stepShare)));
  return Math.min(firstSequence + step, passEnd + 1);
}
