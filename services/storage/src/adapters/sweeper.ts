import type { SweepResult } from "../domain/ports.ts";
import { listShard, type StoredBlob, shardCount } from "./walk.ts";

/** Goes round the store, removing what has expired. */
export type Sweeper = {
  /** One bounded step: goes on from where the last one ended until `maxVisits` blobs were looked at. */
  step(): Promise<SweepResult>;
};

/** What a sweeper needs: where the blobs are, which may go and how one is removed. */
export type SweeperOptions = {
  readonly blobsDir: string;
  readonly maxVisits: number;
  isExpired(blob: StoredBlob): boolean;
  /** Removes the blob if it still may go; answers what was removed. */
  remove(blob: StoredBlob): Promise<StoredBlob | undefined>;
};

/** Makes a sweeper that begins at the first directory. */
export function createSweeper(options: SweeperOptions): Sweeper {
  let shard = 0;

  const sweepShard = async () => {
    const blobs = await listShard(options.blobsDir, shard);
    shard = (shard + 1) % shardCount;
    let removed = 0;
    let freedBytes = 0;
    for (const blob of blobs.filter(options.isExpired)) {
      const gone = await options.remove(blob);
      if (gone === undefined) continue;
      removed += 1;
      freedBytes += gone.sizeBytes;
    }
    return { visited: blobs.length, removed, freedBytes };
  };

  return {
    async step() {
      const total = { visited: 0, removed: 0, freedBytes: 0 };
      for (let n = 0; n < shardCount && total.visited < options.maxVisits; n += 1) {
        const one = await sweepShard();
        total.visited += one.visited;
        total.removed += one.removed;
        total.freedBytes += one.freedBytes;
      }
      return total;
    },
  };
}
