import { type Consumer, consume, eventConsumer, publishChanged } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import {
  advance,
  createRecord,
  isJobEnded,
  isStepEnded,
  type JobChange,
  nextLookUnixMs,
  operationOf,
  operations,
  type RateBook,
  rateKeyOf,
  spentFrames,
  stepMegapixels,
} from "@pixelmesh/pipeline";
import { JobEvent, type JobRecord, type JobSpec, Priority, type StepRun } from "@pixelmesh/proto";
import type { LoadWatch } from "../admission/load-monitor.ts";
import { createLatestJobs } from "../stores/job-cache.ts";
import type { JobStore, StoredJob } from "../stores/job-store.ts";
import type { Waits } from "../stores/waiters.ts";
import { createFold } from "./change-batcher.ts";
import { type DispatchParts, dispatchReady, type LookFacts } from "./dispatch.ts";
import { reviewJob } from "./find-lost-steps.ts";
import { type FinishParts, finishJob } from "./finish-job.ts";
import { logAnswered } from "./log-cached-steps.ts";

/** Moves jobs: every change of a record goes through here. */
export type Orchestrator = {
  /** Stores a new job and sends its first steps on their way; a job that is there already is taken up where it is. */
  start(spec: JobSpec): Promise<StoredJob>;
  /** Applies a change; undefined when there is no such job. */
  apply(jobId: string, change: JobChange): Promise<StoredJob | undefined>;
  /** Looks at a job for what was lost and mends it; undefined when there is no such job. */
  reconcile(jobId: string): Promise<StoredJob | undefined>;
  /** Takes job events from the broker until stopped. */
  listen(): Consumer;
};

/** What moving jobs needs. */
export type OrchestratorParts = FinishParts &
  DispatchParts & {
    readonly store: JobStore;
    readonly waits: Waits;
    readonly rates: RateBook;
    readonly outputLifeMs: number;
    readonly load: Pick<LoadWatch, "note">;
    /** Told of each record that this replica wrote. */
    readonly onWritten: (job: StoredJob) => void;
  };

const maxRounds = 50;
// Starts may wait in hand for what follows them, so that a short step is written once.
const eventConcurrency = 1_024;
const startPatienceMs = 1_000;
const wakeConcurrency = 16;

/** The orchestrator of one replica. Any replica may advance any job; within this one, a job is advanced by one task at a time. */
export function createOrchestrator(parts: OrchestratorParts): Orchestrator {
  const { base, bus, store, open, waits, rates, outputLifeMs, reconcileAfterMs } = parts;
  const latest = createLatestJobs();
  const fold = createFold<Moved>(async (jobId, changes) => {
    // What this replica wrote last may be old by now: a write would find out, so it serves where there is something to write.
    const known = latest.find(jobId);
    const job = known && change(known, changes) !== known.record ? known : await store.find(jobId);
    return job ? settle(job, changes, {}) : { wake: [] };
  });

  /** A job after a change, and the result keys whose waiters are to be woken once nothing of it is locked. */
  type Moved = { readonly job?: StoredJob; readonly wake: readonly string[] };

  /** A job after changes; `hasEnded` where writing them is what ended it. */
  type Written = { readonly job: StoredJob; readonly hasEnded: boolean };

  /** Not waited for: where storage does not hear of it, the frames may give way once the job has ended. */
  function letGo({ jobId }: JobSpec, frames: readonly string[]): void {
    if (frames.length === 0) return;
    parts.blobs
      .release(jobId, frames)
      .catch((error: unknown) => base.log.debug({ err: error, jobId }, "frames not released"));
  }

  /** The record after the changes, written once by compare-and-set; the same job when they say nothing new. */
  async function write(job: StoredJob, changes: readonly JobChange[]): Promise<Written> {
    let current = job;
    for (let round = 0; round < maxRounds; round++) {
      const { spec } = current;
      const record = change(current, changes);
      if (record === current.record) return { job: current, hasEnded: false };
      const revision = await store.update(record, current.revision);
      if (revision !== undefined) {
        const written = { spec, record, revision };
        latest.keep(written);
        parts.onWritten(written);
        publishChanged(bus, spec.jobId, revision);
        if (!isJobEnded(record.state)) letGo(spec, spentFrames(spec, current.record, record));
        return { job: written, hasEnded: isJobEnded(record.state) && !isJobEnded(current.record.state) };
      }
      base.metrics.count("pixelmesh_job_state_conflicts_total", {});
      const fresh = await store.find(spec.jobId);
      if (!fresh) throw new AppError("JOB_NOT_FOUND", "The job's record is gone");
      current = fresh;
    }
    throw new AppError("BROKER_UNAVAILABLE", "The job's record kept changing while it was written");
  }

  /** Follows changes to where nothing more can be done now: dispatches, takes stored results, announces the end. */
  async function settle(before: StoredJob, changes: readonly JobChange[], facts: LookFacts): Promise<Moved> {
    let { job, hasEnded } = await write(before, changes);
    for (;;) {
      const found = await dispatchReady(parts, job, facts);
      if (found.length === 0) break;
      const next = await write(job, found);
      hasEnded ||= next.hasEnded;
      if (next.job === job) break;
      job = next.job;
      logAnswered(base.log, job, found);
    }
    return { job, wake: hasEnded ? await finishJob(parts, job, false) : [] };
  }

  /** Lets every step that waits for a key look at it again. */
  async function wake(key: string, ended?: StepRun): Promise<void> {
    const waiters = (await waits.list(key))[Symbol.iterator]();
    const workers = Array.from({ length: wakeConcurrency }, async () => {
      for (const waiter of waiters) {
        const job = await look(waiter.jobId, ended ? { ended } : {});
        const step = job?.record.steps.find(({ id }) => id === waiter.stepId);
        if (!job || !step || isStepEnded(step.state)) await waits.remove(key, waiter);
      }
    });
    await Promise.all(workers);
  }

  async function release({ job, wake: keys }: Moved): Promise<StoredJob | undefined> {
    for (const key of keys) await wake(key);
    return job;
  }

  /** Looks at a job without a change: what is READY may have an answer now. */
  async function look(jobId: string, facts: LookFacts): Promise<StoredJob | undefined> {
    const moved = await fold.alone(jobId, async () => {
      const job = await store.find(jobId);
      return job ? settle(job, [], facts) : { wake: [] };
    });
    return release(moved);
  }

  async function enter(spec: JobSpec): Promise<StoredJob> {
    const enteredMs = performance.now();
    const dueUnixMs = nextLookUnixMs(spec.deadlineUnixMs, Date.now(), reconcileAfterMs);
    await open.enter(spec, dueUnixMs);
    const job = await store.create(spec, createRecord(spec, outputLifeMs));
    // After a long pause the reconciler may have taken the entry for one of a job that never came to be.
    if (performance.now() - enteredMs > reconcileAfterMs / 2) await open.enter(spec, dueUnixMs);
    latest.keep(job);
    parts.onWritten(job);
    return job;
  }

  function learn(job: StoredJob, { stepId, event }: JobEvent): void {
    const planned = job.spec.steps.find(({ step }) => step?.id === stepId);
    if (event?.$case !== "completed" || !planned?.step) return;
    const operation = operationOf(planned.step);
    const { runMs = 0, device = "", cold = false } = event.value.result?.provenance ?? {};
    const { usesModel } = operations[operation.$case];
    const deviceKind = device.startsWith("host-") ? "cpu" : "gpu";
    rates.observe(rateKeyOf(planned.step, cold), deviceKind, stepMegapixels(planned), runMs);
    const step = job.record.steps.find(({ id }) => id === stepId);
    if (usesModel && step && !step.cached)
      parts.load.note(planned.service, Math.max(0, step.startedUnixMs - step.readyUnixMs), runMs);
  }

  async function handleEvent(event: JobEvent): Promise<void> {
    const { jobId, stepId, attempt, resultKey } = event;
    const kind = event.event?.$case;
    const patienceMs = kind === "started" ? startPatienceMs : 0;
    const job = await release(await fold.add(jobId, { $case: "event", event }, patienceMs));
    if (job) learn(job, event);
    // Whatever became of its own job: others may wait for what this step made, or for it to let go.
    if (resultKey !== "" && kind !== "started")
      await wake(resultKey, { jobId, stepId, attempt, priority: Priority.UNSPECIFIED });
  }

  return {
    async start(spec) {
      const moved = await fold.alone(spec.jobId, async () => {
        const job = await enter(spec);
        if (isJobEnded(job.record.state)) return { job, wake: await finishJob(parts, job, true) };
        // `deadline` changes nothing on a new record; on one found half-way it ends what is overdue.
        return settle(job, [{ $case: "deadline" }], {});
      });
      return (await release(moved)) as StoredJob;
    },
    apply: async (jobId, change) => release(await fold.add(jobId, change)),
    async reconcile(jobId) {
      const moved = await fold.alone(jobId, async () => {
        const job = await store.find(jobId);
        if (!job) return { wake: [] };
        if (isJobEnded(job.record.state)) return { job, wake: await finishJob(parts, job, true) };
        return settle(job, await reviewJob(parts, job), { republish: true });
      });
      return release(moved);
    },
    listen() {
      const consumer = consume(bus, {
        ...eventConsumer,
        codec: JobEvent,
        concurrency: eventConcurrency,
        async handle(event) {
          if (event.event?.$case !== "finished") await handleEvent(event);
          return { $case: "done" };
        },
      });
      return {
        get inHand() {
          return consumer.inHand;
        },
        async stop() {
          fold.hurry();
          await consumer.stop();
        },
      };
    },
  };
}

/** The record after changes, in their order; the same one where they say nothing new. */
function change({ spec, record }: StoredJob, changes: readonly JobChange[]): JobRecord {
  return changes.reduce((to, next) => advance(spec, to, next, Date.now()), record);
}
