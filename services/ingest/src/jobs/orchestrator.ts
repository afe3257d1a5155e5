import { type Consumer, consume, eventConsumer, publishCancel, publishChanged, publishEvent } from "@pixelmesh/bus";
import { AppError, reasonFromEnum } from "@pixelmesh/errors";
import {
  advance,
  createRecord,
  isJobEnded,
  type JobChange,
  modelOf,
  operationOf,
  operations,
  type RateBook,
  stepMegapixels,
} from "@pixelmesh/pipeline";
import { JobEvent, type JobSpec, JobState } from "@pixelmesh/proto";
import type { ServiceBase } from "@pixelmesh/service";
import { type DispatchParts, dispatchReady } from "./dispatch.ts";
import type { JobStore, StoredJob } from "./job-store.ts";
import { createSerial } from "./serial.ts";

/** Moves jobs: every change of a record goes through here. */
export type Orchestrator = {
  /** Stores a new job and sends its first steps on their way; a job that is there already is taken up where it is. */
  start(spec: JobSpec): Promise<StoredJob>;
  /** Applies a change; undefined when there is no such job. */
  apply(jobId: string, change: JobChange): Promise<StoredJob | undefined>;
  /** Takes job events from the broker until stopped. */
  listen(): Consumer;
};

const maxRounds = 50;
const eventConcurrency = 64;

/** The orchestrator of one replica. Any replica may advance any job; within this one, a job is advanced by one task at a time. */
export function createOrchestrator(
  base: ServiceBase,
  store: JobStore,
  parts: DispatchParts,
  rates: RateBook,
  outputLifeMs: number,
): Orchestrator {
  const { bus, log, metrics, worker } = base;
  const serial = createSerial();

  /** The record after the change, written by compare-and-set; the same job when the change says nothing new. */
  async function write(job: StoredJob, change: JobChange): Promise<StoredJob> {
    let current = job;
    for (let round = 0; round < maxRounds; round++) {
      const record = advance(current.spec, current.record, change, Date.now());
      if (record === current.record) return current;
      const revision = await store.update(record, current.revision);
      if (revision !== undefined) return { spec: current.spec, record, revision };
      metrics.count("pixelmesh_job_state_conflicts_total", {});
      const fresh = await store.find(job.spec.jobId);
      if (!fresh) throw new AppError("JOB_NOT_FOUND", "The job's record is gone");
      current = fresh;
    }
    throw new AppError("BROKER_UNAVAILABLE", "The job's record kept changing while it was written");
  }

  /** Follows a change to where nothing more can be done now: dispatches, takes stored results, announces the end. */
  async function settle(before: StoredJob, change: JobChange): Promise<StoredJob> {
    let job = await write(before, change);
    if (job.revision !== before.revision) publishChanged(bus, job.spec.jobId);
    for (let cached = await dispatchReady(parts, job); cached.length > 0; cached = await dispatchReady(parts, job)) {
      const { revision } = job;
      for (const step of cached) job = await write(job, { $case: "cached", ...step });
      if (job.revision === revision) break;
      publishChanged(bus, job.spec.jobId);
    }
    if (isJobEnded(job.record.state) && !isJobEnded(before.record.state)) await finish(job);
    return job;
  }

  async function finish({ spec, record, revision }: StoredJob): Promise<void> {
    const { jobId } = spec;
    publishCancel(bus, jobId);
    await publishEvent(
      bus,
      JobEvent.fromPartial({
        jobId,
        worker,
        atUnixMs: record.finishedUnixMs,
        event: { $case: "finished", value: { state: record.state, revision } },
      }),
    );
    const outcome = outcomes[record.state] ?? "failed";
    const reason = record.error ? reasonFromEnum(record.error.reason) : "";
    const ms = record.finishedUnixMs - spec.createdUnixMs;
    metrics.count("pixelmesh_jobs_finished_total", { outcome, reason });
    metrics.observe("pixelmesh_job_duration_seconds", { outcome }, ms / 1000);
    log.info({ jobId, outcome, reason, ms }, "job ended");
  }

  function learn(job: StoredJob, { stepId, event }: JobEvent): void {
    const planned = job.spec.steps.find(({ step }) => step?.id === stepId);
    if (event?.$case !== "completed" || !planned?.step) return;
    const operation = operationOf(planned.step);
    rates.observe(
      operations[operation.$case].name,
      modelOf(operation),
      stepMegapixels(planned),
      event.value.result?.provenance?.runMs ?? 0,
    );
  }

  async function apply(jobId: string, change: JobChange): Promise<StoredJob | undefined> {
    return serial.run(jobId, async () => {
      const job = await store.find(jobId);
      return job && settle(job, change);
    });
  }

  return {
    start: (spec) =>
      serial.run(spec.jobId, async () => {
        const job = await store.create(spec, createRecord(spec, outputLifeMs));
        // `deadline` changes nothing on a new record; on one found half-way it ends what is overdue.
        return settle(job, { $case: "deadline" });
      }),
    apply,
    listen: () =>
      consume(bus, {
        ...eventConsumer,
        codec: JobEvent,
        concurrency: eventConcurrency,
        async handle(event) {
          if (event.event?.$case === "finished") return { $case: "done" };
          const job = await apply(event.jobId, { $case: "event", event });
          if (job) learn(job, event);
          return { $case: "done" };
        },
      }),
  };
}

const outcomes: Readonly<Record<number, string>> = {
  [JobState.SUCCEEDED]: "succeeded",
  [JobState.FAILED]: "failed",
  [JobState.CANCELLED]: "cancelled",
};
