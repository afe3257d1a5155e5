import { type Bus, type JobSignal, subscribeSignals } from "@pixelmesh/bus";
import { isJobEnded, mergeProgress, type StepProgressView, toJob } from "@pixelmesh/pipeline";
import type { Job } from "@pixelmesh/proto";
import { LRUCache } from "lru-cache";
import type { JobStore, StoredJob } from "./job-store.ts";

/** Jobs as their owners see them, now and as they move. */
export type Watchers = {
  /** The view of a stored job with the newest progress that was heard. */
  view(job: StoredJob): Job;
  /** The job now, then again at each change and progress, until it has ended. */
  watch(jobId: string, tenant: string, signal: AbortSignal): AsyncGenerator<Job, void, undefined>;
  close(): void;
};

const trackedJobs = 10_000;
const refreshMs = 5_000;
const minIntervalMs = 50;

/** Listens to all signals of the mesh. Signals are lossy, so a watch also reads the record every 5 s. */
export async function openWatchers(bus: Bus, store: JobStore): Promise<Watchers> {
  const progressOf = new LRUCache<string, Map<string, StepProgressView & { attempt: number }>>({ max: trackedJobs });
  const listeners = new Map<string, Set<() => void>>();

  function hear(jobId: string, signal: JobSignal): void {
    if (signal.$case === "progress") {
      const { stepId, attempt, fraction, etaMs } = signal.progress;
      const steps = progressOf.get(jobId) ?? new Map();
      if ((steps.get(stepId)?.attempt ?? 0) <= attempt) steps.set(stepId, { fraction, etaMs, attempt });
      progressOf.set(jobId, steps);
    }
    for (const listener of listeners.get(jobId) ?? []) listener();
  }
  const unsubscribe = await subscribeSignals(bus, hear);

  function view({ spec, record, revision }: StoredJob): Job {
    return toJob(spec, record, revision, progressOf.get(spec.jobId));
  }

  async function* watch(jobId: string, tenant: string, signal: AbortSignal): AsyncGenerator<Job, void, undefined> {
    let wake = () => {};
    let pending = false;
    const listener = () => {
      pending = true;
      wake();
    };
    const mine = listeners.get(jobId) ?? new Set();
    listeners.set(jobId, mine.add(listener));
    signal.addEventListener("abort", listener);
    try {
      let shown: Job | undefined;
      let shownMs = 0;
      for (;;) {
        pending = false;
        const next = mergeProgress(shown, view(await store.get(jobId, tenant)));
        if (
          !shown ||
          next.revision !== shown.revision ||
          next.progress !== shown.progress ||
          next.etaMs !== shown.etaMs
        )
          yield next;
        shown = next;
        shownMs = performance.now();
        if (isJobEnded(next.state)) return;
        const { promise: woken, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        const timer = setTimeout(resolve, refreshMs);
        if (!pending) await woken;
        clearTimeout(timer);
        signal.throwIfAborted();
        // Steps that finish together are shown together; after a quiet while a change is shown at once.
        const tooEarlyMs = shownMs + minIntervalMs - performance.now();
        if (tooEarlyMs > 0) await new Promise((next) => setTimeout(next, tooEarlyMs));
      }
    } finally {
      signal.removeEventListener("abort", listener);
      mine.delete(listener);
      if (mine.size === 0) listeners.delete(jobId);
    }
  }

  return { view, watch, close: unsubscribe };
}
