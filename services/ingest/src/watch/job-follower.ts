import type { JobSignal } from "@pixelmesh/bus";
import { isJobEnded, STALE_AFTER_MS } from "@pixelmesh/pipeline";
import type { StoredJob } from "../stores/job-store.ts";

/** What is heard of a job: a signal of the mesh, or a record that this replica wrote itself. */
export type JobNews = JobSignal | { readonly $case: "written"; readonly job: StoredJob };

/** One job as a watch follows it. */
export type FollowedJob = {
  hear(news: JobNews): void;
  /** The job as it is now: as it was told, or read where that may be old. */
  look(): Promise<StoredJob>;
  /**
   * Resolves when there is something new, not sooner than a moment (or `pauseMs`, where that is more) after the last look; or when
   * it is time to look again. Throws the signal's reason.
   */
  wait(pauseMs?: number): Promise<void>;
  close(): void;
};

/** A record is read again after this time without news of a change. */
const refreshMs = 5_000;
/** A job is looked at again after this time without any news: what was said of the time left is too old by then. */
const lookAgainMs = STALE_AFTER_MS + 100;
const minIntervalMs = 50;

/** Follows a job through news that may get lost: what was not heard of is read within 5 s. */
export function followJob(read: () => Promise<StoredJob>, signal: AbortSignal): FollowedJob {
  let job: StoredJob | undefined;
  let isOld = true;
  let hasNews = false;
  let lookedMs = 0;
  let readMs = 0;
  let wake = () => {};
  const onAbort = () => wake();
  signal.addEventListener("abort", onAbort);

  async function nap(ms: number, isOver: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    wake = () => {
      if (signal.aborted || isOver()) resolve();
    };
    const timer = setTimeout(resolve, ms);
    wake();
    await promise;
    clearTimeout(timer);
    signal.throwIfAborted();
  }
  const hasEnded = () => job !== undefined && isJobEnded(job.record.state);

  return {
    hear(news) {
      const revision = news.$case === "written" ? news.job.revision : news.$case === "changed" ? news.revision : 0;
      // What this replica wrote comes back as a signal.
      if (job && revision > 0 && revision <= job.revision) return;
      if (news.$case === "written") {
        job = news.job;
        isOld = false;
        readMs = performance.now();
      } else if (news.$case === "changed") isOld = true;
      hasNews = true;
      wake();
    },
    async look() {
      hasNews = false;
      let current = job;
      if (isOld || !current || performance.now() - readMs >= refreshMs) {
        isOld = false;
        readMs = performance.now();
        const found = await read();
        // Meanwhile a newer one may have been told.
        current = job && job.revision > found.revision ? job : found;
        job = current;
      }
      lookedMs = performance.now();
      return current;
    },
    async wait(pauseMs = 0) {
      await nap(Math.min(lookAgainMs, Math.max(0, readMs + refreshMs - performance.now())), () => hasNews);
      // Steps that finish together are shown together; the end, and a change after a quiet while, at once.
      const tooEarlyMs = lookedMs + Math.max(minIntervalMs, pauseMs) - performance.now();
      if (tooEarlyMs > 0) await nap(tooEarlyMs, hasEnded);
    },
    close: () => signal.removeEventListener("abort", onAbort),
  };
}
