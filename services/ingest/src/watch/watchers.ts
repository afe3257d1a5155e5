import { type Bus, publishProgressAsk, subscribeSignals } from "@pixelmesh/bus";
import { toJob } from "@pixelmesh/pipeline";
import type { Job } from "@pixelmesh/proto";
import type { JobStore, StoredJob } from "../stores/job-store.ts";
import { type JobFeed, openJobFeed } from "./job-feed.ts";
import type { JobNews } from "./job-follower.ts";
import { createHeardProgress } from "./reported-progress.ts";

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

/**
 * Listens to all signals of the mesh. Signals are lossy, so a watch also reads the record every 5 s. All watches of a job share
 * one feed. Workers are asked at the start how far they are, so that a restart is not seen in the progress of running jobs.
 */
export async function openWatchers(bus: Bus, store: JobStore): Promise<Watchers> {
  const heard = createHeardProgress();
  /** By job, then by tenant: a job is read on behalf of the tenant that asks. */
  const feeds = new Map<string, Map<string, JobFeed>>();

  function tell(jobId: string, news: JobNews): void {
    for (const feed of feeds.get(jobId)?.values() ?? []) feed.hear(news);
  }
  const unsubscribe = await subscribeSignals(bus, (jobId, signal) => {
    if (signal.$case === "progress") heard.note(signal.progress, Date.now());
    tell(jobId, signal);
  });
  publishProgressAsk(bus);

  function view({ spec, record, revision }: StoredJob): Job {
    return toJob(spec, record, revision, heard.of(spec.jobId), Date.now());
  }

  function feedOf(jobId: string, tenant: string): JobFeed {
    const ofJob = feeds.get(jobId) ?? new Map<string, JobFeed>();
    feeds.set(jobId, ofJob);
    const known = ofJob.get(tenant);
    if (known !== undefined) return known;
    const feed = openJobFeed(
      () => store.get(jobId, tenant),
      view,
      () => {
        if (ofJob.get(tenant) === feed) ofJob.delete(tenant);
        if (ofJob.size === 0 && feeds.get(jobId) === ofJob) feeds.delete(jobId);
      },
    );
    ofJob.set(tenant, feed);
    return feed;
  }

  return {
    view,
    watch: (jobId, tenant, signal) => feedOf(jobId, tenant).read(signal),
    note: (job) => tell(job.spec.jobId, { $case: "written", job }),
    close: unsubscribe,
  };
}
