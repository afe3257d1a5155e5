import { randomBytes } from "node:crypto";
import { AppError } from "@pixelmesh/errors";
import type { JobSpec } from "@pixelmesh/proto";
import type { ServiceBase } from "@pixelmesh/service";
import type { BlobClient, ResultCache } from "@pixelmesh/worker";
import type { OpenJobLimiter } from "../admission/open-job-limiter.ts";
import { createJobId } from "../domain/job-id.ts";
import { callerLabels } from "../domain/labels.ts";
import type { Intake } from "../open-intake.ts";
import type { StoredJob } from "../stores/job-store.ts";
import { withFairPriority } from "./create-job/plan-spec.ts";
import type { NewJob } from "./create-job/start-job.ts";
import { toInputRetention } from "./input-retention.ts";

/** Dependencies of `createStartCopy`. */
export type CopyParts = {
  readonly base: Pick<ServiceBase, "log">;
  readonly results: Pick<ResultCache, "removeFailure">;
  readonly blobs: Pick<BlobClient, "extend" | "release">;
  readonly limiter: Pick<OpenJobLimiter, "reserve">;
  readonly intake: Pick<Intake, "accept" | "planning">;
};

/**
 * Starts a new job of the same specification and the same labels, except those of its batch. Its deadline is as far away as that of the
 * job was. Resolves to the job of the request id if there is one already. Throws BLOB_NOT_FOUND if a picture of the job is gone,
 * TOO_MANY_JOBS, and the errors of `AcceptJob`.
 */
export type StartCopy = (job: StoredJob, requestId: string, signal: AbortSignal) => Promise<StoredJob>;

/** Creates a `StartCopy`. */
export function createStartCopy({ base, results, blobs, limiter, intake }: CopyParts): StartCopy {
  async function start(
    { spec, record }: StoredJob,
    copy: JobSpec,
    newJob: NewJob,
    signal: AbortSignal,
  ): Promise<StoredJob> {
    const retention = toInputRetention(copy.jobId, copy.deadlineUnixMs);
    const kept = await Promise.all(spec.sources.map(({ sha256 }) => blobs.extend(sha256, retention)));
    if (!kept.every(Boolean)) throw new AppError("BLOB_NOT_FOUND", "The pictures of the job are no longer stored");
    newJob.reservation = await limiter.reserve(spec.tenant);
    // The failure is stored as the result of its step for some minutes.
    for (const { resultKey } of record.steps) if (resultKey !== "") await results.removeFailure(resultKey);
    return intake.accept(withFairPriority(copy, intake.planning), newJob, signal);
  }

  return async (job, requestId, signal) => {
    const copy = copyOf(job.spec, requestId);
    const { jobId } = copy;
    const newJob: NewJob = { jobId, reservation: { confirm() {}, cancel() {} }, mayExist: false };
    try {
      return await start(job, copy, newJob, signal);
    } finally {
      // Not awaited: without it, storage may delete the pictures after the deadline that the job would have had.
      if (!newJob.mayExist)
        blobs.release(jobId).catch((err: unknown) => base.log.debug({ err, jobId }, "pictures not released"));
      newJob.reservation.cancel();
    }
  };
}

function copyOf(spec: JobSpec, requestId: string): JobSpec {
  const nowUnixMs = Date.now();
  return {
    ...spec,
    jobId: createJobId(nowUnixMs, randomBytes(16), { tenant: spec.tenant, requestId }),
    requestId,
    createdUnixMs: nowUnixMs,
    deadlineUnixMs: nowUnixMs + (spec.deadlineUnixMs - spec.createdUnixMs),
    labels: callerLabels(spec.labels),
  };
}
