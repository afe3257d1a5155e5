import type { BlobIndex } from "../../domain/blob-index.ts";

/** Counts uses of blobs in this process and writes them to the index in batches. */
export type UseCounter = {
  add(sha256: string): void;
  /** Returns how often this process used a blob since it remembers. */
  recent(sha256: string): number;
  /** Counts one use of blobs that an earlier process used often. It is not written to the index. */
  expectAgain(digests: readonly string[]): void;
  /** Writes the counts; at most 500 blobs. Counts that cannot be written are lost: they decide only how long a blob stays. */
  flush(): Promise<void>;
};

const maxPerFlush = 500;
const maxPending = 10_000;
const maxRecent = 16_384;
const parallel = 8;

/** Creates a counter. `onGone` is called for a used blob without a live entry: another replica has removed it, or the index was
 * lost. */
export function createUseCounter(
  index: Pick<BlobIndex, "addUses">,
  unixMs: () => number,
  onGone: (sha256: string) => Promise<void>,
): UseCounter {
  const pending = new Map<string, { uses: number; lastUseMs: number }>();
  const recent = new Map<string, number>();

  async function write(sha256: string, { uses, lastUseMs }: { uses: number; lastUseMs: number }): Promise<void> {
    if (!(await index.addUses(sha256, uses, lastUseMs))) await onGone(sha256);
  }

  return {
    add(sha256) {
      const known = recent.get(sha256) ?? 0;
      recent.delete(sha256);
      recent.set(sha256, known + 1);
      dropOldest(recent, maxRecent);
      const counted = pending.get(sha256) ?? { uses: 0, lastUseMs: 0 };
      pending.set(sha256, { uses: counted.uses + 1, lastUseMs: unixMs() });
      dropOldest(pending, maxPending);
    },
    recent: (sha256) => recent.get(sha256) ?? 0,
    expectAgain(digests) {
      for (const sha256 of digests.slice(0, maxRecent)) recent.set(sha256, 1);
    },
    async flush() {
      const batch = [...pending].slice(0, maxPerFlush);
      for (const [sha256] of batch) pending.delete(sha256);
      for (let at = 0; at < batch.length; at += parallel) {
        const part = batch.slice(at, at + parallel);
        await Promise.allSettled(part.map(([sha256, counted]) => write(sha256, counted)));
      }
    },
  };
}

function dropOldest(map: Map<string, unknown>, max: number): void {
  const oldest = map.keys().next().value;
  if (map.size > max && oldest !== undefined) map.delete(oldest);
}
