import { followKeys } from "@pixelmesh/bus";
import type { ServiceBase } from "@pixelmesh/service";
import type { Orchestrator } from "../orchestrator/orchestrator.ts";
import { watchAbandoned } from "./abandoned-announcements.ts";
import { createBatchRun } from "./batch-run.ts";
import { type BatchKey, type BatchStore, toBatchKey } from "./batch-store.ts";
import type { FedRuns } from "./fed-runs.ts";

/** Reads unfinished batches when they are announced: new ones, and those that a call has cancelled or retried. */
export type RunLoader = {
  /** Reads all batches that were announced since the last call. */
  readAnnounced(): Promise<void>;
  /** Reads one batch now. */
  reload(key: BatchKey): Promise<void>;
  /** Forgets what was read, because another replica feeds now. */
  reset(): void;
  close(): Promise<void>;
};

/** Dependencies of `createRunLoader`. */
export type RunLoaderParts = {
  readonly base: Pick<ServiceBase, "bus">;
  readonly batches: BatchStore;
  readonly orchestrator: Pick<Orchestrator, "apply">;
  readonly fed: FedRuns;
  /** The most open jobs of one batch. */
  readonly window: number;
  readonly onAnnounced: () => void;
};

/** All batches are listed again after this time: an announcement may have come while another replica held the lease. */
const listEveryMs = 5_000;
/** An announced batch that this replica has seen without a specification for so long is removed: its call has ended. */
const abandonedMs = 30 * 60_000;

/** Follows the announcements with one standing consumer. */
export function createRunLoader(parts: RunLoaderParts): RunLoader {
  const { base, batches, orchestrator, fed, window, onAnnounced } = parts;
  const announced = new Map<string, BatchKey>();
  const unspecified = watchAbandoned(abandonedMs);
  let listedMs = Number.NEGATIVE_INFINITY;
  const feed = followKeys(base.bus, {
    bucket: "batches",
    filter: "open.>",
    onEntry({ key }) {
      const batch = toBatchKey(key);
      announced.set(batch.batchId, batch);
      onAnnounced();
    },
    onCaughtUp() {},
  });

  /** Cancels the open jobs of a cancelled batch, and ends the others. */
  async function cancelJobs(batchId: string): Promise<void> {
    const run = fed.runs.get(batchId);
    if (!run?.isCancelled()) return;
    run.cancelWaiting();
    for (const { jobId } of fed.openJobs(run)) await orchestrator.apply(jobId, { $case: "cancel" });
  }

  async function reload(key: BatchKey): Promise<void> {
    const announcement = await batches.announcement(key);
    if (!announcement) return unspecified.forget(key.batchId);
    const stored = await batches.find(key);
    if (stored) unspecified.forget(key.batchId);
    const run = fed.runs.get(key.batchId);
    if (stored && stored.progress.finishedUnixMs === 0) {
      if (run) run.load(stored, announcement);
      else fed.add(createBatchRun(stored, announcement, window));
      return cancelJobs(key.batchId);
    }
    if (run) fed.drop(run);
    // Its feeder died before it removed the entry.
    if (stored) await batches.removeOpen(key, announcement);
    else if (unspecified.isAbandoned(key.batchId, announcement.revision)) {
      await batches.remove(key);
      unspecified.forget(key.batchId);
    }
  }

  return {
    reload,
    async readAnnounced() {
      if (performance.now() - listedMs > listEveryMs) {
        for (const key of await batches.listOpen()) if (!fed.runs.has(key.batchId)) announced.set(key.batchId, key);
        listedMs = performance.now();
      }
      for (const [batchId, key] of announced) {
        await reload(key);
        announced.delete(batchId);
      }
    },
    reset() {
      announced.clear();
      unspecified.forgetAll();
      listedMs = Number.NEGATIVE_INFINITY;
    },
    close: feed.close,
  };
}
