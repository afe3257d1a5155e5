import type { Consumer } from "@pixelmesh/bus";
import { isJobEnded, type JobChange } from "@pixelmesh/pipeline";
import { type JobEvent, type JobSpec, Priority, type StepRun } from "@pixelmesh/proto";
import { createJobCache } from "../stores/job-cache.ts";
import type { JobStore, StoredJob } from "../stores/job-store.ts";
import type { Waiters } from "../stores/waiters.ts";
import { type AdvancedJob, advanceJob } from "./advance-job.ts";
import { createChangeBatcher } from "./change-batcher.ts";
import { consumeJobEvents } from "./consume-job-events.ts";
import type { DispatchContext, DispatchParts } from "./dispatch.ts";
import { findLostSteps } from "./find-lost-steps.ts";
import { type FinishParts, finishJob } from "./finish-job.ts";
import { type DurationParts, recordDuration } from "./record-duration.ts";
import { applyChanges, createRecordWriter, type RecordWriterParts } from "./record-writer.ts";
import { type NewJobParts, storeNewJob } from "./store-new-job.ts";
import { wakeWaiters } from "./wake-waiters.ts";

/** Advances jobs. Every change of a job record goes through here. */
export type Orchestrator = {
  /** Stores a new job and dispatches its first steps. Continues a job that exists already. */
  start(spec: JobSpec): Promise<StoredJob>;
  /** Applies a change. Returns undefined if there is no such job. */
  apply(jobId: string, change: JobChange): Promise<StoredJob | undefined>;
  /** Finds what a job has lost and repeats it. Returns undefined if there is no such job. */
  reconcile(jobId: string): Promise<StoredJob | undefined>;
  /** Consumes job events from the broker until stopped. */
  listen(): Consumer;
};

/** Dependencies of `createOrchestrator`. */
export type OrchestratorParts = FinishParts &
  DispatchParts &
  NewJobParts &
  DurationParts &
  Pick<RecordWriterParts, "onWritten"> & {
    readonly store: JobStore;
    readonly waiters: Pick<Waiters, "list" | "remove">;
  };

// A `started` event may wait for the events after it, so that a short step is written once.
const maxStartWaitMs = 1_000;

/** Creates the orchestrator of one replica. Any replica may advance any job; within a replica one task at a time advances a job. */
export function createOrchestrator(parts: OrchestratorParts): Orchestrator {
  const { base, store, waiters, blobs, onWritten } = parts;
  const cache = createJobCache();
  const writer = createRecordWriter({ base, store, cache, blobs, onWritten });
  const advanceParts = { ...parts, writer };
  const batcher = createChangeBatcher<AdvancedJob>(async (jobId, changes) => {
    // The cached record may be stale. That is safe before a write, because compare-and-set detects it.
    const cached = cache.get(jobId);
    const job = cached && applyChanges(cached, changes) !== cached.record ? cached : await store.find(jobId);
    return job ? advanceJob(advanceParts, job, changes, {}) : { keysToWake: [] };
  });

  async function wakeAll({ job, keysToWake }: AdvancedJob): Promise<StoredJob | undefined> {
    for (const key of keysToWake) await wake(key, {});
    return job;
  }

  async function wake(key: string, context: DispatchContext): Promise<void> {
    await wakeWaiters(waiters, key, (jobId) => recheck(jobId, context));
  }

  /** Dispatches a job's READY steps again: a result may be stored now. */
  async function recheck(jobId: string, context: DispatchContext): Promise<StoredJob | undefined> {
    const advanced = await batcher.runExclusive(jobId, async () => {
      const job = await store.find(jobId);
      return job ? advanceJob(advanceParts, job, [], context) : { keysToWake: [] };
    });
    return wakeAll(advanced);
  }

  async function finishAgain(job: StoredJob): Promise<AdvancedJob> {
    return { job, keysToWake: await finishJob(parts, job, true) };
  }

  async function handleEvent(event: JobEvent): Promise<void> {
    const { jobId, stepId, attempt, resultKey } = event;
    const kind = event.event?.$case;
    const maxWaitMs = kind === "started" ? maxStartWaitMs : 0;
    const job = await wakeAll(await batcher.add(jobId, { $case: "event", event }, maxWaitMs));
    if (job) recordDuration(parts, job, event);
    // Wake jobs that wait on this result key, even if this job has ended.
    const endedRun: StepRun = { jobId, stepId, attempt, priority: Priority.UNSPECIFIED };
    if (resultKey !== "" && kind !== "started") await wake(resultKey, { endedRun });
  }

  return {
    async start(spec) {
      const advanced = await batcher.runExclusive(spec.jobId, async () => {
        const job = await storeNewJob(parts, spec);
        cache.set(job);
        onWritten(job);
        if (isJobEnded(job.record.state)) return finishAgain(job);
        // `deadline` changes nothing in a new record. It ends an overdue job whose creation is repeated.
        return advanceJob(advanceParts, job, [{ $case: "deadline" }], {});
      });
      return (await wakeAll(advanced)) as StoredJob;
    },
    apply: async (jobId, change) => wakeAll(await batcher.add(jobId, change)),
    async reconcile(jobId) {
      const advanced = await batcher.runExclusive(jobId, async () => {
        const job = await store.find(jobId);
        if (!job) return { keysToWake: [] };
        if (isJobEnded(job.record.state)) return finishAgain(job);
        return advanceJob(advanceParts, job, await findLostSteps(parts, job), { republish: true });
      });
      return wakeAll(advanced);
    },
    listen: () => consumeJobEvents(base.bus, handleEvent, batcher.flushAll),
  };
}
