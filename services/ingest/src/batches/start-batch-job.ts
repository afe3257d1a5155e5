import { clientRetriesOf, type Reason, reasonFromEnum, reasonToEnum, toAppError } from "@pixelmesh/errors";
import { isJobEnded } from "@pixelmesh/pipeline";
import {
  type BatchEnd,
  type BatchSource,
  type BatchSpec,
  CreateJobHeader,
  ErrorReason,
  JobState,
} from "@pixelmesh/proto";
import type { OpenJobLimiter } from "../admission/open-job-limiter.ts";
import { batchJobId, batchRequestId } from "../domain/batch-id.ts";
import { parseDeadline } from "../domain/deadline.ts";
import { batchLabel } from "../domain/labels.ts";
import type { AcceptJob } from "../rpc/create-job/accept-job.ts";
import { type PlanParts, planSpec } from "../rpc/create-job/plan-spec.ts";
import type { NewJob } from "../rpc/create-job/start-job.ts";
import { toInputRetention } from "../rpc/input-retention.ts";
import type { JobStore, StoredJob } from "../stores/job-store.ts";
import type { BatchStore } from "./batch-store.ts";
import { type ResolveParts, resolveSource } from "./resolve-source.ts";

/** One job of a batch that is to be created. */
export type BatchJobOrder = {
  readonly spec: BatchSpec;
  /** The place of its source. */
  readonly index: number;
  readonly attempt: number;
  /** Whether an earlier feeder may have created the job. */
  readonly mayExist: boolean;
};

/** How a job of a batch ended. */
export type JobEnd = Pick<BatchEnd, "state" | "reason">;

/** Dependencies of `createStartBatchJob`. */
export type StartBatchJobParts = {
  readonly batches: Pick<BatchStore, "source">;
  readonly jobs: Pick<JobStore, "find">;
  readonly sources: ResolveParts;
  readonly blobs: { extend: ResolveParts["blobs"]["extend"]; release(jobId: string): Promise<void> };
  readonly limiter: Pick<OpenJobLimiter, "reserve">;
  readonly planning: PlanParts;
  readonly accept: AcceptJob;
  /** The default time to the deadline. */
  readonly jobDeadlineMs: number;
};

/**
 * Creates a job of a batch. Resolves to its end if it has ended already: its picture was refused, the mesh refuses the job for good, or an
 * earlier feeder created it. Throws what passes by itself, such as TOO_MANY_JOBS. A repeat does not create the job a second time.
 */
export type StartBatchJob = (order: BatchJobOrder, signal: AbortSignal) => Promise<JobEnd | undefined>;

/** Creates a `StartBatchJob`. */
export function createStartBatchJob(parts: StartBatchJobParts): StartBatchJob {
  return async (order, signal) => {
    const { spec, index, attempt } = order;
    try {
      const found = order.mayExist ? await parts.jobs.find(batchJobId(spec, index, attempt)) : undefined;
      if (found) return endOf(found);
      const source = await usableSource(parts, order, signal);
      if (source.error) return failedBy(reasonFromEnum(source.error.reason));
      if (Date.now() >= spec.expiresUnixMs) return failedBy("DEADLINE_EXCEEDED");
      return await createJob(parts, order, source, signal);
    } catch (error) {
      const { reason } = toAppError(error);
      if (signal.aborted || clientRetriesOf(reason) !== "never") throw error;
      return failedBy(reason);
    }
  };
}

/** Returns a source. For a retry, a picture that was not stored is looked for again, because its owner may have sent it since. */
async function usableSource(
  { batches, sources }: StartBatchJobParts,
  { spec, index, attempt }: BatchJobOrder,
  signal: AbortSignal,
): Promise<BatchSource> {
  const source = await batches.source(spec.batchId, index);
  const isMissing = source.error && reasonFromEnum(source.error.reason) === "BLOB_NOT_FOUND";
  if (!isMissing || attempt === 1) return source;
  const { tenant, batchId, expiresUnixMs } = spec;
  const known = await sources.known.findAll(tenant, [source.sha256]);
  const retention = toInputRetention(batchId, expiresUnixMs);
  return {
    ...source,
    ...(await resolveSource(sources, source.sha256, known.get(source.sha256), { tenant, retention, signal })),
  };
}

async function createJob(
  { limiter, blobs, planning, accept, jobDeadlineMs }: StartBatchJobParts,
  { spec, index, attempt }: BatchJobOrder,
  { sha256, info }: BatchSource,
  signal: AbortSignal,
): Promise<JobEnd | undefined> {
  const { tenant, batchId } = spec;
  const nowUnixMs = Date.now();
  const jobId = batchJobId(spec, index, attempt);
  const given = spec.header ?? CreateJobHeader.create();
  const header: CreateJobHeader = {
    ...given,
    requestId: batchRequestId(spec, index, attempt),
    labels: [...given.labels, batchLabel(batchId)],
  };
  const deadlineUnixMs = parseDeadline(header, nowUnixMs, jobDeadlineMs);
  const newJob: NewJob = { jobId, reservation: await limiter.reserve(tenant), mayExist: false };
  try {
    if (!(await blobs.extend(sha256, toInputRetention(jobId, deadlineUnixMs)))) return failedBy("BLOB_NOT_FOUND");
    const sources = [{ name: "source", sha256, info }];
    const planned = await planSpec(planning, { header, sources }, { jobId, tenant, nowUnixMs, deadlineUnixMs });
    return endOf(await accept(planned, newJob, signal));
  } finally {
    newJob.reservation.cancel();
    if (!newJob.mayExist) blobs.release(jobId).catch(() => {});
  }
}

/** Returns the end of a job; undefined if it runs. */
function endOf({ record: { state, error } }: StoredJob): JobEnd | undefined {
  if (!isJobEnded(state)) return undefined;
  return { state, reason: error?.reason ?? ErrorReason.UNSPECIFIED };
}

function failedBy(reason: Reason): JobEnd {
  return { state: JobState.FAILED, reason: reasonToEnum(reason) };
}
