import { openEventInbox } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
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
import { type FinishOccasion, type FinishParts, finishJob } from "./finish-job.ts";
import type { KnownStarts } from "./known-starts.ts";
import { type DurationParts, recordDuration } from "./record-duration.ts";
import { applyChanges, createRecordWriter, type RecordWriterParts } from "./record-writer.ts";
import { type NewJobParts, storeNewJob } from "./store-new-job.ts";
import { wakeWaiters } from "./wake-waiters.ts";

/** Advances jobs. Every change of a job record goes through here. */
export type Orchestrator = {
  /**
   * Stores a new job and dispatches its first steps. Continues a job that exists already. Returns undefined if another job has the
   * request id.
   */
  start(spec: JobSpec): Promise<StoredJob | undefined>;
  /** Applies a change. Returns undefined if there is no such job. */
  apply(jobId: string, change: JobChange): Promise<StoredJob | undefined>;
  /** Finds what a job has lost and repeats it. Returns undefined if there is no such job. */
  reconcile(jobId: string): Promise<StoredJob | undefined>;
  /** Consumes job events from the log until stopped, and takes those of the runs that this replica dispatched. */
  listen(): { stop(): Promise<void> };
};

/** Dependencies of `createOrchestrator`. */
export type OrchestratorParts = FinishParts &
  Omit<DispatchParts, "eventsTo"> &
  NewJobParts &
  DurationParts &
  Pick<RecordWriterParts, "onWritten"> & {
    readonly store: JobStore;
    readonly starts: Pick<KnownStarts, "add">;
    readonly waiters: Pick<Waiters, "list" | "remove">;
  };

// A `started` event may wait for the events after it, so that a short step is written once.
const maxStartWaitMs = 1_000;
/** Starts are not counted from their announcement while this many events are in progress. Those of longer runs come by the log. */
const maxInHand = 1_024;

/** Creates the orchestrator of one replica. Any replica may advance any job; within a replica one task at a time advances a job. */
export function createOrchestrator(parts: OrchestratorParts): Orchestrator {
  const { base, store, waiters, blobs, starts, onWritten } = parts;
  const cache = createJobCache();
  const writer = createRecordWriter({ base, store, cache, blobs, onWritten });
  // Work items name this inbox, so the replica whose cache holds a job gets the events of the job.
  const inbox = openEventInbox(base.bus, {
    apply: storeEvent,
    onStarted(event, isOwn) {
      starts.add(event);
      if (isOwn && inHand.size < maxInHand) storeEvent(event).catch(() => {});
    },
  });
  const inHand = new Set<Promise<void>>();
  const advanceParts = { ...parts, writer, eventsTo: inbox.subject };
  const batcher = createChangeBatcher<AdvancedJob>(async (jobId, changes, onStored) => {
    // The cached record may be stale. That is safe before a write, because compare-and-set detects it.
    const cached = cache.get(jobId);
    const job = cached && applyChanges(cached, changes) !== cached.record ? cached : await store.find(jobId);
    return job ? advanceJob(advanceParts, job, changes, {}, onStored) : { keysToWake: [] };
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

  async function finishAgain(job: StoredJob, occasion: FinishOccasion): Promise<AdvancedJob> {
    return { job, keysToWake: await finishJob(parts, job, occasion) };
  }

  /** Resolves when the event is stored. What follows from it goes on; if this process dies meanwhile, the reconciler repeats that. */
  async function storeEvent(event: JobEvent): Promise<void> {
    const { promise: stored, resolve, reject } = Promise.withResolvers<void>();
    let isStored = false;
    const onStored = () => {
      isStored = true;
      resolve();
    };
    const work = handleEvent(event, onStored)
      .then(
        // If there is no record, the sender logs the event, so that the reconciler can read it.
        () => {
          if (!isStored) reject(new AppError("JOB_NOT_FOUND", "There is no record for the event"));
        },
        (error: unknown) => {
          base.log.debug({ err: error, jobId: event.jobId }, "event not applied, or what follows from it not done");
          reject(error);
        },
      )
      .finally(() => inHand.delete(work));
    inHand.add(work);
    await stored;
  }

  async function handleEvent(event: JobEvent, onStored?: () => void): Promise<void> {
    const { jobId, stepId, attempt, resultKey } = event;
    const kind = event.event?.$case;
    const maxWaitMs = kind === "started" ? maxStartWaitMs : 0;
    const job = await wakeAll(await batcher.add(jobId, { $case: "event", event }, maxWaitMs, onStored));
    if (job) recordDuration(parts, job, event);
    // Wake jobs that wait on this result key, even if this job has ended.
    const endedRun: StepRun = { jobId, stepId, attempt, priority: Priority.UNSPECIFIED };
    if (resultKey !== "" && kind !== "started") await wake(resultKey, { endedRun });
  }

  return {
    async start(spec) {
      const advanced = await batcher.runExclusive(spec.jobId, async () => {
        const job = await storeNewJob(parts, spec);
        if (!job) return { keysToWake: [] };
        cache.set(job);
        onWritten(job);
        if (isJobEnded(job.record.state)) return finishAgain(job, "createdAgain");
        // `deadline` changes nothing in a new record. It ends an overdue job whose creation is repeated.
        return advanceJob(advanceParts, job, [{ $case: "deadline" }], {});
      });
      return wakeAll(advanced);
    },
    apply: async (jobId, change) => wakeAll(await batcher.add(jobId, change)),
    async reconcile(jobId) {
      const advanced = await batcher.runExclusive(jobId, async () => {
        const job = await store.find(jobId);
        if (!job) return { keysToWake: [] };
        if (isJobEnded(job.record.state)) return finishAgain(job, "reconciled");
        return advanceJob(advanceParts, job, await findLostSteps(parts, job), { republish: true });
      });
      return wakeAll(advanced);
    },
    listen() {
      const log = consumeJobEvents(base.bus, (event) => handleEvent(event));
      return {
        async stop() {
          batcher.flushAll();
          await Promise.all([inbox.close(), log.stop()]);
          await Promise.all(inHand);
        },
      };
    },
  };
}
