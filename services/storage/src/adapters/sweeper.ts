import type { BlobStat, SweepResult } from "../domain/ports.ts";
import { listShard, shardCount } from "./walk.ts";

/** Goes round the store, removing what has expired. */
export type Sweeper = {
  /** One bounded step: goes on from where the last one ended until `maxVisits` blobs were looked at. */
  step(): Promise<SweepResult>;
  /** Goes on until at least `bytes` were freed or the round is complete. Concurrent calls share one round. */
  makeRoom(bytes: number): Promise<void>;
};

/** What a sweeper needs: where the blobs are, which may go and how one is removed. */
export type SweeperOptions = {
  readonly blobsDir: string;
  readonly maxVisits: number;
  /** A full store is not searched again for so long after a search that found too little. */
  readonly restMs: number;
  isExpired(blob: BlobStat): boolean;
  /** Removes the blob if it still may go; answers what was removed. */
  remove(blob: BlobStat): Promise<BlobStat | undefined>;
  monotonicMs(): number;
};

/** Makes a sweeper that begins at the first directory. */
export function createSweeper(options: SweeperOptions): Sweeper {
  let shard = 0;
  let restUntilMs = Number.NEGATIVE_INFINITY;
  let round: Promise<void> | undefined;

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

  const sweepUntil = async (isDone: (total: SweepResult) => boolean): Promise<SweepResult> => {
    const total = { visited: 0, removed: 0, freedBytes: 0 };
    for (let n = 0; n < shardCount && !isDone(total); n += 1) {
      const one = await sweepShard();
      total.visited += one.visited;
      total.removed += one.removed;
      total.freedBytes += one.freedBytes;
    }
    return total;
  };

  return {
    step: () => sweepUntil((total) => total.visited >= options.maxVisits),
    async makeRoom(bytes) {
      if (options.monotonicMs() < restUntilMs) return;
      round ??= sweepUntil((total) => total.freedBytes >= bytes)
        .then(({ freedBytes }) => {
          if (freedBytes < bytes) restUntilMs = options.monotonicMs() + options.restMs;
        })
        .finally(() => {
          round = undefined;
        });
      await round;
    },
  };
}
