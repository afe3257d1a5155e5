import { type Bus, subscribeSignals } from "@pixelmesh/bus";
import { isJobEnded, mergeProgress, type StepProgressView, toJob } from "@pixelmesh/pipeline";
import type { Job } from "@pixelmesh/proto";
import { LRUCache } from "lru-cache";
import { type FollowedJob, followJob, type JobNews } from "./followed-job.ts";
import type { JobStore, StoredJob } from "./job-store.ts";

/** Jobs as their owners see them, now and as they move. */
export type Watchers = {
  /** The view of a stored job with the newest progress that was heard. */
  view(job: StoredJob): Job;
  /** The job now, then again at each change and progress, until it has ended. */
  watch(jobId: string, tenant: string, signal: AbortSignal): AsyncGenerator<Job, void, undefined>;
  /** A record that this replica wrote: its watches need not read it. */
  note(job: StoredJob): void;
  close(): void;
};

const trackedJobs = 10_000;

/** Listens to all signals of the mesh. Signals are lossy, so a watch also reads the record every 5 s. */
export async function openWatchers(bus: Bus, store: JobStore): Promise<Watchers> {
  const progressOf = new LRUCache<string, Map<string, StepProgressView & { attempt: number }>>({ max: trackedJobs });
  const listeners = new Map<string, Set<FollowedJob>>();

  function tell(jobId: string, news: JobNews): void {
    for (const followed of listeners.get(jobId) ?? []) followed.hear(news);
  }
  const unsubscribe = await subscribeSignals(bus, (jobId, signal) => {
    if (signal.$case === "progress") {
      const { stepId, attempt, fraction, etaMs } = signal.progress;
      const steps = progressOf.get(jobId) ?? new Map();
      if ((steps.get(stepId)?.attempt ?? 0) <= attempt) steps.set(stepId, { fraction, etaMs, attempt });
      progressOf.set(jobId, steps);
    }
    tell(jobId, signal);
  });

  function view({ spec, record, revision }: StoredJob): Job {
    return toJob(spec, record, revision, progressOf.get(spec.jobId), Date.now());
  }

  async function* watch(jobId: string, tenant: string, signal: AbortSignal): AsyncGenerator<Job, void, undefined> {
    const followed = followJob(() => store.get(jobId, tenant), signal);
    const mine = listeners.get(jobId) ?? new Set();
    listeners.set(jobId, mine.add(followed));
    try {
      let shown: Job | undefined;
      for (;;) {
        const next = mergeProgress(shown, view(await followed.look()));
        if (
          !shown ||
          next.revision !== shown.revision ||
          next.progress !== shown.progress ||
          next.etaMs !== shown.etaMs
        )
          yield next;
        shown = next;
        if (isJobEnded(next.state)) return;
        await followed.wait();
      }
    } finally {
      followed.close();
      mine.delete(followed);
      if (mine.size === 0) listeners.delete(jobId);
    }
  }

  return { view, watch, note: (job) => tell(job.spec.jobId, { $case: "written", job }), close: unsubscribe };
}
