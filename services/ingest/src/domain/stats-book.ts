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
import { emptyStats, emptyTally, toRates, toReasonCounts } from "./merge-stats.ts";

/** What one replica has seen of jobs. Bounded: operations and reasons are closed lists. */
export type StatsBook = {
  noteAccepted(): void;
  /** A call of CreateJob of which no job was made. */
  noteRefused(reason: Reason): void;
  /** A job that has ended, once, with all of its steps. */
  noteEnded(spec: JobSpec, record: JobRecord): void;
  /** All of it as the answer for this replica alone. */
  read(instance: string, uptimeMs: number): JobServiceGetStatsResponse;
};

type OperationBook = { readonly requests: Tally; readonly latencies: Latencies; savedMs: number };

/** A book with nothing in it. */
export function createStatsBook(): StatsBook {
  const jobs = emptyTally();
  const jobLatencies = createLatencies();
  const books = new Map<string, OperationBook>();
  const errors = new Map<ErrorReason, number>();
  let jobsRefused = 0;

  const noteError = (reason: ErrorReason) => errors.set(reason, (errors.get(reason) ?? 0) + 1);

  function noteStep(operation: string, step: StepRecord): void {
    const book = books.get(operation) ?? { requests: emptyTally(), latencies: createLatencies(), savedMs: 0 };
    books.set(operation, book);
    const { requests } = book;
    requests.total += 1;
    if (step.state === StepState.FAILED) requests.failed += 1;
    else if (step.state !== StepState.SUCCEEDED) requests.cancelled += 1;
    else {
      requests.succeeded += 1;
      if (step.cached) {
        requests.cached += 1;
        book.savedMs += step.result?.provenance?.runMs ?? 0;
      } else book.latencies.note(step.finishedUnixMs - step.startedUnixMs);
    }
  }

  return {
    noteAccepted() {
      jobs.total += 1;
    },
    noteRefused(reason) {
      jobsRefused += 1;
      noteError(reasonToEnum(reason));
    },
    noteEnded(spec, record) {
      for (const [index, { step: planned }] of spec.steps.entries()) {
        const step = record.steps[index];
        if (planned && step) noteStep(operations[operationOf(planned).$case].name, step);
      }
      if (record.state === JobState.CANCELLED) jobs.cancelled += 1;
      else jobLatencies.note(record.finishedUnixMs - spec.createdUnixMs);
      if (record.state === JobState.FAILED) jobs.failed += 1;
      if (record.state === JobState.SUCCEEDED) {
        jobs.succeeded += 1;
        if (record.steps.every(({ cached }) => cached)) jobs.cached += 1;
      } else noteError(record.error?.reason ?? ErrorReason.UNSPECIFIED);
    },
    read(instance, uptimeMs) {
      return toRates({
        ...emptyStats(),
        replicas: [{ instance, uptimeMs }],
        uptimeMs,
        jobs: { ...jobs },
        jobsRefused,
        jobLatency: jobLatencies.read(),
        operations: [...books].map(([operation, { requests, latencies, savedMs }]) => ({
          ...{ operation, requests: { ...requests }, latency: latencies.read() },
          savedMs,
        })),
        errors: toReasonCounts(errors),
      });
    },
  };
}
