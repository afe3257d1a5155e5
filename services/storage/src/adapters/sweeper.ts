import type { SweepResult } from "../domain/blob-store.ts";
import { listShard, type StoredBlob, shardCount } from "./stored-blobs.ts";

/** Removes expired blobs, directory by directory around the store. */
export type Sweeper = {
  /**
   * Continues after the last step and visits about `maxVisits` blobs, whole directories at a time. Visits none within `restMs` of a step that
   * visited all and removed none: lists and stats of files are most of what a store at rest does.
   */
  step(): Promise<SweepResult>;
};

/** Options of a sweeper. */
export type SweeperOptions = {
  readonly blobsDir: string;
  readonly maxVisits: number;
  readonly restMs: number;
  readonly monotonicMs: () => number;
  isExpired(blob: StoredBlob): boolean;
  /** Removes the blob if it is still expired. Returns the removed blob. */
  remove(blob: StoredBlob): Promise<StoredBlob | undefined>;
};

/** Creates a sweeper that begins at the first directory. */
export function createSweeper(options: SweeperOptions): Sweeper {
  let shard = 0;
  let restUntilMs = Number.NEGATIVE_INFINITY;

  async function sweepShard(): Promise<SweepResult> {
    const blobs = await listShard(options.blobsDir, shard);
    shard = (shard + 1) % shardCount;
    let removed = 0;
    let freedBytes = 0;
    for (const blob of blobs.filter(options.isExpired)) {
      const removedBlob = await options.remove(blob);
      if (removedBlob === undefined) continue;
      removed += 1;
      freedBytes += removedBlob.sizeBytes;
    }
    return { visited: blobs.length, removed, freedBytes };
  }

  return {
    async step() {
      const total = { visited: 0, removed: 0, freedBytes: 0 };
      if (options.monotonicMs() < restUntilMs) return total;
      let shards = 0;
      for (; shards < shardCount && total.visited < options.maxVisits; shards += 1) {
        const result = await sweepShard();
        total.visited += result.visited;
        total.removed += result.removed;
        total.freedBytes += result.freedBytes;
      }
      if (shards === shardCount && total.removed === 0) restUntilMs = options.monotonicMs() + options.restMs;
      return total;
    },
  };
}
