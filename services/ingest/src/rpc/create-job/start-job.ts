import { AppError } from "@pixelmesh/errors";
import { storageNeed } from "@pixelmesh/pipeline";
import { JobSpec, type RequestEntry } from "@pixelmesh/proto";
import { openJobTrace } from "@pixelmesh/telemetry";
import type { BlobClient } from "@pixelmesh/worker";
import type { BucketSpace } from "../../admission/bucket-space.ts";
import type { JobReservation } from "../../admission/open-job-limiter.ts";
import type { Orchestrator } from "../../orchestrator/orchestrator.ts";
import type { JobStore, StoredJob } from "../../stores/job-store.ts";
import { toInputRetention } from "../input-retention.ts";
import { requestIdReused } from "./earlier-job.ts";

/** A job that a call is creating. */
export type NewJob = {
  readonly jobId: string;
  /** Capacity among the open jobs. */
  reservation: JobReservation;
  /** Whether the job may be stored. From then on it needs its pictures, even if the call fails. */
  mayExist: boolean;
};

/** Dependencies of `createStartJob`. */
export type StartJobParts = {
  readonly store: Pick<JobStore, "find" | "claimRequest">;
  readonly orchestrator: Pick<Orchestrator, "start">;
  readonly blobs: Pick<BlobClient, "extend" | "reserve">;
  readonly space: Pick<BucketSpace, "assertSpace" | "addPending">;
  /** Called for a job that was not created after its pictures were kept. */
  readonly releasePictures: (jobId: string) => void;
};

/**
 * Claims the request id, then reserves storage and starts the job. Resolves to the job of the request: the new one, or the one of the
 * call that claimed the id first. Every write is idempotent, so the function may be repeated with the same arguments. Throws
 * REQUEST_ID_REUSED, QUEUE_FULL, BLOB_NOT_FOUND and the errors of `BlobClient.reserve`.
 */
export type StartJob = (spec: JobSpec, newJob: NewJob) => Promise<StoredJob>;

/** About the size of a job's first record. */
const recordBytes = 1_024;

/** Creates a `StartJob`. */
export function createStartJob({ store, orchestrator, blobs, space, releasePictures }: StartJobParts): StartJob {
  async function claim(spec: JobSpec): Promise<RequestEntry> {
    const { jobId, tenant, requestId, requestDigest } = spec;
    if (requestId === "") return { jobId, requestDigest };
    const entry = await store.claimRequest(tenant, requestId, { jobId, requestDigest });
    if (entry.requestDigest !== requestDigest) throw requestIdReused();
    return entry;
  }

  async function start(spec: JobSpec, newJob: NewJob): Promise<StoredJob> {
    const { jobId, noCache, requestDigest, deadlineUnixMs } = spec;
    await space.assertSpace();
    const need = storageNeed(spec);
    const key = noCache ? "" : requestDigest;
    if (need.bytes > 0) await blobs.reserve({ jobId, key, ...need, untilUnixMs: deadlineUnixMs });
    newJob.mayExist = true;
    newJob.reservation.confirm();
    space.addPending(JobSpec.encode(spec).finish().length + recordBytes);
    // The trace is opened as late as possible, because the trace of a refused call ends with the call.
    return orchestrator.start({ ...spec, traceparent: openJobTrace() });
  }

  /** Completes the job of a call that claimed the request id and died, under the job id of that call. */
  async function complete(spec: JobSpec, reservation: JobReservation): Promise<StoredJob> {
    const retention = toInputRetention(spec.jobId, spec.deadlineUnixMs);
    const kept = await Promise.all(spec.sources.map(({ sha256 }) => blobs.extend(sha256, retention)));
    if (!kept.every(Boolean)) throw new AppError("BLOB_NOT_FOUND", "A picture of the job is no longer stored; send it");
    const newJob: NewJob = { jobId: spec.jobId, reservation, mayExist: false };
    try {
      return await start(spec, newJob);
    } finally {
      if (!newJob.mayExist) releasePictures(spec.jobId);
    }
  }

  return async (spec, newJob) => {
    const claimed = await claim(spec);
    if (claimed.jobId === spec.jobId) return start(spec, newJob);
    return (await store.find(claimed.jobId)) ?? complete({ ...spec, jobId: claimed.jobId }, newJob.reservation);
  };
}
