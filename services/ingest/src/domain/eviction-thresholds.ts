/** What decides whether a bucket's oldest entries give way. */
export type Fill = {
  readonly sizeBytes: number;
  readonly boundBytes: number;
  readonly entries: number;
  readonly maxEntries: number;
};

/** Shares of the bound: eviction begins and ends, and new jobs are refused. A share of `max_bytes`: the bucket is widened. */
export const keepShares = { begin: 0.8, end: 0.7, refuse: 0.85, widen: 0.95 } as const;

/** The share of a bucket's sequences that one step of eviction passes; least, and most: the broker stands still for a purge. */
const stepShare = 0.04;
const minStep = 50;
const maxStep = 100_000;
const endEntriesShare = 0.95;

/** Whether eviction is to begin. */
export function isOverfull({ sizeBytes, boundBytes, entries, maxEntries }: Fill): boolean {
  return sizeBytes > keepShares.begin * boundBytes || entries > maxEntries;
}

/** Whether eviction has made enough room. */
export function hasRoomAgain({ sizeBytes, boundBytes, entries, maxEntries }: Fill): boolean {
  return sizeBytes <= keepShares.end * boundBytes && entries <= endEntriesShare * maxEntries;
}

/** The sequence below which the next step evicts: a small part of what there is, never beyond the end of the pass. */
export function nextCut(firstSequence: number, lastSequence: number, passEnd: number): number {
  const span = lastSequence - firstSequence + 1;
  const step = Math.max(minStep, Math.min(maxStep, Math.ceil(span * stepShare)));
  return Math.min(firstSequence + step, passEnd + 1);
}
