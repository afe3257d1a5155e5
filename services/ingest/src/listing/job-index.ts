import { setImmediate } from "node:timers/promises";
import { type Bus, readBucketState } from "@pixelmesh/bus";
import { AppError, toAppError } from "@pixelmesh/errors";
import { withTimeout } from "@pixelmesh/lifecycle";
import type { JobStore, StoredJob } from "../stores/job-store.ts";
import type { JobPage } from "./job-page.ts";
import type { JobQuery } from "./job-query.ts";
import { type JobRow, rowOf } from "./job-row.ts";
import type { JobTable } from "./job-table.ts";
import { followRecords, type RecordFollower } from "./record-follower.ts";

/** The jobs of the mesh by tenant, state, reason, label, operation and time, for listings. Each replica keeps its own index. */
export type JobIndex = {
  /** Resolves once the index holds every job that existed when it was opened. Throws SERVICE_UNAVAILABLE after 4 s. */
  ready(): Promise<void>;
  /** Returns a page of jobs: see `JobTable.page`. Throws SERVICE_UNAVAILABLE while there is no table. */
  page(query: JobQuery, before: string, limit: number): JobPage;
  /** Adds a record that this replica wrote, so that the next page shows it. */
  update(job: StoredJob): void;
  /** Removes a job that no longer exists. */
  forget(row: Pick<JobRow, "jobId" | "sequence">): void;
  /**
   * Calls `listener` with the row of each record that this replica reads or writes, also while the index is being built. The next page
   * has the row. One record may come twice, and records of one job may come in any order; the sequence tells. The listener must
   * not throw. Returns the function that ends it.
   */
  subscribe(listener: (row: JobRow) => void): () => void;
  close(): Promise<void>;
};

/** Dependencies of `openJobIndex`. */
export type JobIndexParts = {
  readonly bus: Bus;
  readonly store: Pick<JobStore, "findTenant" | "forgetBelow">;
  /** Creates an empty table. Called again after a table failed. */
  readonly createTable: () => Promise<JobTable>;
};

const readyTimeoutMs = 4_000;
const retryAfterMs = 2_000;
const pruneEveryMs = 5_000;
const restartAfterMs = 30_000;

/**
 * Opens the index. Removed and expired jobs need no message, because their records lie below the first sequence of the bucket. A
 * table that fails is rebuilt from the bucket after 30 s.
 */
export function openJobIndex({ bus, store, createTable }: JobIndexParts): JobIndex {
  const { log } = bus;
  let follower: RecordFollower | undefined;
  let caughtUp = Promise.withResolvers<void>();
  let isCaughtUp = false;
  let isClosed = false;
  let startTimer: NodeJS.Timeout | undefined;
  const listeners = new Set<(row: JobRow) => void>();

  async function start(): Promise<void> {
    let table: JobTable;
    try {
      table = await createTable();
    } catch (error) {
      log.error({ err: error }, "the index of jobs cannot be created; listings are refused (PIXELMESH_SCRATCH_DIR)");
      return startLater();
    }
    if (isClosed) return table.close();
    follower = followRecords({
      bus,
      store,
      table,
      onCaughtUp() {
        isCaughtUp = true;
        caughtUp.resolve();
      },
      onRow(row) {
        for (const listener of listeners) listener(row);
      },
      onFailure(error) {
        log.error({ err: error }, "the index of jobs failed and is rebuilt");
        void restart(startLater);
      },
    });
  }

  function startLater(): void {
    startTimer = setTimeout(() => void start(), restartAfterMs);
    startTimer.unref();
  }

  /** Closes the table and starts again with an empty one. */
  async function restart(next: () => void | Promise<void>): Promise<void> {
    if (isCaughtUp) caughtUp = Promise.withResolvers<void>();
    isCaughtUp = false;
    const previous = follower;
    follower = undefined;
    await previous?.close();
    if (!isClosed) await next();
  }

  async function prune(): Promise<void> {
    // Read first: the follower goes on while the broker answers.
    const followed = follower?.lastSequence ?? 0;
    const { firstSequence, lastSequence } = await readBucketState(bus, "jobs");
    // A broker that lost its data starts to count again.
    if (lastSequence < followed) return restart(start);
    store.forgetBelow(firstSequence);
    // In parts, because the rows of many jobs may go at once.
    while (follower?.use((table) => table.dropBelow(firstSequence))) await setImmediate();
  }
  const pruneTimer = setInterval(() => {
    prune().catch((error: unknown) => log.debug({ err: error }, "index of jobs not pruned; it is retried"));
  }, pruneEveryMs);
  pruneTimer.unref();
  void start();

  return {
    async ready() {
      if (isCaughtUp) return;
      await withTimeout("The index of jobs", readyTimeoutMs, caughtUp.promise).catch((cause: unknown) => {
        throw new AppError("SERVICE_UNAVAILABLE", "The list of jobs is still being read; ask again", {
          cause: toAppError(cause),
          retryAfterMs,
        });
      });
    },
    page(query, before, limit) {
      follower?.flush();
      const page = follower?.use((table) => table.page(query, before, limit));
      if (!page) throw new AppError("SERVICE_UNAVAILABLE", "The list of jobs cannot be read now", { retryAfterMs });
      return page;
    },
    update({ record, revision }) {
      follower?.add(rowOf(record, revision));
    },
    forget({ jobId, sequence }) {
      follower?.use((table) => table.drop(jobId, sequence));
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close() {
      isClosed = true;
      clearTimeout(startTimer);
      clearInterval(pruneTimer);
      await follower?.close();
      follower = undefined;
    },
  };
}
