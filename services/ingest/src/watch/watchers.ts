import { type Bus, publishProgressRequest, subscribeSignals } from "@pixelmesh/bus";
import { toJob } from "@pixelmesh/pipeline";
import type { Job } from "@pixelmesh/proto";
import { addCallLogFields } from "@pixelmesh/telemetry";
import type { JobStore, StoredJob } from "../stores/job-store.ts";
import { type JobFeed, openJobFeed } from "./job-feed.ts";
import type { JobUpdate } from "./job-follower.ts";
import { createRecentRecords } from "./recent-records.ts";
import { createReportedProgress } from "./reported-progress.ts";

/** Shows jobs to their owners, once or continuously. */
export type Watchers = {
  /** Returns the view of a stored job with the newest reported progress. */
  view(job: StoredJob): Job;
  /** Yields the job now, then at each change and progress, until it has ended. */
  watch(jobId: string, tenant: string, signal: AbortSignal): AsyncGenerator<Job, void, undefined>;
  /** Passes a record that this replica wrote to the job's feeds, so that they need not read it. */
  update(job: StoredJob): void;
  close(): void;
};

/**
 * Subscribes to all signals of the mesh. Signals may be lost, so a watch also reads the record every 5 s. All watches of a job share
 * one feed. A feed begins with the record that this replica has just written, and reads it otherwise. Requests the progress of all workers at the start, so that a restart does not show in the progress of running jobs.
 */
export async function openWatchers(bus: Bus, store: Pick<JobStore, "get">): Promise<Watchers> {
  const reported = createReportedProgress();
  const recent = createRecentRecords();
  /** By job, then by tenant, because a job is read on behalf of the tenant that watches it. */
  const feeds = new Map<string, Map<string, JobFeed>>();

  function updateFeeds(jobId: string, update: JobUpdate): void {
    for (const feed of feeds.get(jobId)?.values() ?? []) feed.update(update);
  }
  const unsubscribe = await subscribeSignals(bus, (jobId, signal) => {
    if (signal.$case === "progress") reported.record(signal.progress, Date.now());
    else recent.outdate(jobId, signal.revision);
    updateFeeds(jobId, signal);
  });
  publishProgressRequest(bus);

  function view({ spec, record, revision }: StoredJob): Job {
    return toJob(spec, record, revision, reported.of(spec.jobId), Date.now());
  }

  function feedOf(jobId: string, tenant: string): JobFeed {
    const ofJob = feeds.get(jobId) ?? new Map<string, JobFeed>();
    feeds.set(jobId, ofJob);
    const known = ofJob.get(tenant);
    if (known !== undefined) return known;
    const found = recent.find(jobId);
    const written = found?.job.record.tenant === tenant ? found : undefined;
    if (written) addCallLogFields({ jobId });
    const feed = openJobFeed(
      () => store.get(jobId, tenant),
      view,
      () => {
        if (ofJob.get(tenant) === feed) ofJob.delete(tenant);
        if (ofJob.size === 0 && feeds.get(jobId) === ofJob) feeds.delete(jobId);
      },
      written,
    );
    ofJob.set(tenant, feed);
    return feed;
  }

  return {
    view,
    watch: (jobId, tenant, signal) => feedOf(jobId, tenant).read(signal),
    update(job) {
      recent.add(job);
      updateFeeds(job.spec.jobId, { $case: "written", job });
    },
    close: unsubscribe,
  };
}
