import { type Reason, reasonToEnum } from "@pixelmesh/errors";
import { operationOf, operations } from "@pixelmesh/pipeline";
import {
  ErrorReason,
  type JobRecord,
  type JobServiceGetStatsResponse,
  type JobSpec,
  JobState,
  type StepRecord,
  StepState,
  type Tally,
} from "@pixelmesh/proto";
import { createLatencies, type Latencies } from "./latencies.ts";
import { emptyStats, emptyTally, toReasonCounts, withRates } from "./merge-stats.ts";

/** Counts the jobs and steps of one replica. Its memory is bounded, because operations and reasons are closed lists. */
export type StatsRecorder = {
  recordAccepted(): void;
  /** Records a CreateJob call that created no job. */
  recordRefused(reason: Reason): void;
  /** Records an ended job with all of its steps. Call it once for each job. */
  recordEnded(spec: JobSpec, record: JobRecord): void;
  /** Returns the statistics of this replica alone. */
  read(instance: string, uptimeMs: number): JobServiceGetStatsResponse;
};

type OperationCounts = { readonly requests: Tally; readonly latencies: Latencies; savedMs: number };

/** Creates a recorder with empty statistics. */
export function createStatsRecorder(): StatsRecorder {
  const jobs = emptyTally();
  const jobLatencies = createLatencies();
  const byOperation = new Map<string, OperationCounts>();
  const errors = new Map<ErrorReason, number>();
  let jobsRefused = 0;

  const countError = (reason: ErrorReason) => errors.set(reason, (errors.get(reason) ?? 0) + 1);

  function recordStep(operation: string, step: StepRecord): void {
    const counts = byOperation.get(operation) ?? { requests: emptyTally(), latencies: createLatencies(), savedMs: 0 };
    byOperation.set(operation, counts);
    const { requests } = counts;
    requests.total += 1;
    if (step.state === StepState.FAILED) requests.failed += 1;
    else if (step.state !== StepState.SUCCEEDED) requests.cancelled += 1;
    else {
      requests.succeeded += 1;
      if (step.cached) {
        requests.cached += 1;
        counts.savedMs += step.result?.provenance?.runMs ?? 0;
      } else counts.latencies.record(step.finishedUnixMs - step.startedUnixMs);
    }
  }

  function recordJob(spec: JobSpec, record: JobRecord): void {
    if (record.state === JobState.CANCELLED) jobs.cancelled += 1;
    else jobLatencies.record(record.finishedUnixMs - spec.createdUnixMs);
    if (record.state === JobState.FAILED) jobs.failed += 1;
    if (record.state === JobState.SUCCEEDED) {
      jobs.succeeded += 1;
      if (record.steps.every(({ cached }) => cached)) jobs.cached += 1;
    } else countError(record.error?.reason ?? ErrorReason.UNSPECIFIED);
  }

  return {
    recordAccepted() {
      jobs.total += 1;
    },
    recordRefused(reason) {
      jobsRefused += 1;
      countError(reasonToEnum(reason));
    },
    recordEnded(spec, record) {
      for (const [index, { step: planned }] of spec.steps.entries()) {
        const step = record.steps[index];
        if (planned && step) recordStep(operations[operationOf(planned).$case].name, step);
      }
      recordJob(spec, record);
    },
    read(instance, uptimeMs) {
      return withRates({
        ...emptyStats(),
        replicas: [{ instance, uptimeMs }],
        uptimeMs,
        jobs: { ...jobs },
        jobsRefused,
        jobLatency: jobLatencies.read(),
        operations: [...byOperation].map(([operation, { requests, latencies, savedMs }]) => ({
          operation,
          requests: { ...requests },
          latency: latencies.read(),
          savedMs,
        })),
        errors: toReasonCounts(errors),
      });
    },
  };
}
