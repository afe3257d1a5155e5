import { toJobJson } from "@pixelmesh/json-views";
import { toJob } from "@pixelmesh/pipeline";
import { CallbackEntry, CallbackState, type Job, type JobRecord, type JobSpec, JobState } from "@pixelmesh/proto";

const types: Readonly<Partial<Record<JobState, string>>> = {
  [JobState.SUCCEEDED]: "job.succeeded",
  [JobState.FAILED]: "job.failed",
  [JobState.CANCELLED]: "job.cancelled",
};

/** Creates the entry of the callback of an ended job. Its first attempt is due at `nowUnixMs`. */
export function toCallbackEntry(spec: JobSpec, record: JobRecord, nowUnixMs: number): CallbackEntry {
  return CallbackEntry.create({
    jobId: spec.jobId,
    tenant: spec.tenant,
    url: spec.callbackUrl,
    body: Buffer.from(toCallbackBody(toJob(spec, record, 0))),
    state: CallbackState.PENDING,
    endedUnixMs: record.finishedUnixMs,
    queuedUnixMs: nowUnixMs,
    nextAttemptUnixMs: nowUnixMs,
    traceparent: spec.traceparent,
  });
}

/**
 * Returns the JSON text of a callback, in the form of Standard Webhooks: `type`, `timestamp` (when the job ended, ISO 8601) and `data`, the job
 * with its outputs, but without its sources and steps.
 */
export function toCallbackBody(job: Job): string {
  const { id, state, createdUnixMs, finishedUnixMs, outputsExpireUnixMs, error, outputs, labels, requestId } =
    toJobJson(job);
  return JSON.stringify({
    type: types[job.state] ?? "job.ended",
    timestamp: new Date(finishedUnixMs).toISOString(),
    data: {
      id,
      state,
      createdUnixMs,
      finishedUnixMs,
      outputsExpireUnixMs,
      error,
      outputs: outputs.map(({ name, ready, sha256, sizeBytes, format, widthPx, heightPx }) => {
        return { name, ready, sha256, sizeBytes, format, widthPx, heightPx };
      }),
      labels,
      requestId,
    },
  });
}
