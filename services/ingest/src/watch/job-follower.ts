import type { JobSignal } from "@pixelmesh/bus";
import { isJobEnded, STALE_AFTER_MS } from "@pixelmesh/pipeline";
import type { StoredJob } from "../stores/job-store.ts";
import type { RecentRecord } from "./recent-records.ts";

/** An update of a job: a signal of the mesh, or a record that this replica wrote. */
export type JobUpdate = JobSignal | { readonly $case: "written"; readonly job: StoredJob };

/** Follows one job. */
export type JobFollower = {
  update(update: JobUpdate): void;
  /** Resolves to the job as it is now: the record of the last update, or the stored one if that may be newer. */
  read(): Promise<StoredJob>;
  /**
   * Resolves when there is an update, at the earliest 50 ms (or `pauseMs`, if that is more) after the last read; or when the job must
   * be read again. Throws the signal's reason.
   */
  wait(pauseMs?: number): Promise<void>;
  close(): void;
};

/** A record is read again after this time without an update. */
const refreshMs = 5_000;
/** The longest wait: after it, reported progress counts as stale, so the view changes. */
const maxWaitMs = STALE_AFTER_MS + 100;
const minIntervalMs = 50;

/** Follows a job by updates, which may be lost: a lost change is read within 5 s. The first view is that of `known`, without a read. */
export function followJob(
  readRecord: () => Promise<StoredJob>,
  signal: AbortSignal,
  known?: RecentRecord,
): JobFollower {
  let job = known?.job;
  let isStale = known === undefined;
  let hasUpdate = false;
  let returnedMs = 0;
  let readMs = known?.writtenMs ?? 0;
  let wake = () => {};
  const onAbort = () => wake();
  signal.addEventListener("abort", onAbort);

  async function waitUntil(isOver: () => boolean, timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    wake = () => {
      if (signal.aborted || isOver()) resolve();
    };
    const timer = setTimeout(resolve, timeoutMs);
    wake();
    await promise;
    clearTimeout(timer);
    signal.throwIfAborted();
  }
  const hasEnded = () => job !== undefined && isJobEnded(job.record.state);

  return {
    update(update) {
      const revision =
        update.$case === "written" ? update.job.revision : update.$case === "changed" ? update.revision : 0;
      // A record that this replica wrote also comes back as a signal.
      if (job && revision > 0 && revision <= job.revision) return;
      if (update.$case === "written") {
        job = update.job;
        isStale = false;
        readMs = performance.now();
      } else if (update.$case === "changed") isStale = true;
      hasUpdate = true;
      wake();
    },
    async read() {
      hasUpdate = false;
      let current = job;
      if (isStale || !current || performance.now() - readMs >= refreshMs) {
        isStale = false;
        readMs = performance.now();
        const found = await readRecord();
        // An update may have brought a newer record during the read.
        current = job && job.revision > found.revision ? job : found;
        job = current;
      }
      returnedMs = performance.now();
      return current;
    },
    async wait(pauseMs = 0) {
      const refreshInMs = Math.max(0, readMs + refreshMs - performance.now());
      await waitUntil(() => hasUpdate, Math.min(maxWaitMs, refreshInMs));
      // Steps that finish together are shown together. The job's end, and an update after a quiet time, are shown at once.
      const tooEarlyMs = returnedMs + Math.max(minIntervalMs, pauseMs) - performance.now();
      if (tooEarlyMs > 0) await waitUntil(hasEnded, tooEarlyMs);
    },
    close: () => signal.removeEventListener("abort", onAbort),
  };
}
