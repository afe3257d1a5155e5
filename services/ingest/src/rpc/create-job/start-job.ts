import { hash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";
import { assertPipelineAllowed, jobEstimateMicros, storageNeed } from "@pixelmesh/pipeline";
import type { JobSpec } from "@pixelmesh/proto";
import { openJobTrace } from "@pixelmesh/telemetry";
import type { BlobClient } from "@pixelmesh/worker";
import type { BucketSpace } from "../../admission/bucket-space.ts";
import type { JobReservation } from "../../admission/open-job-limiter.ts";
import type { AssertCallbackSpace } from "../../callbacks/callback-space.ts";
import type { Orchestrator } from "../../orchestrator/orchestrator.ts";
import type { BudgetReader } from "../../stores/budget-reader.ts";
import type { JobStore, StoredJob } from "../../stores/job-store.ts";
import { requestIdReused } from "./earlier-job.ts";

/** A job that a call is creating. */
export type NewJob = {
  /** Empty until the header has arrived. */
  jobId: string;
  /** Capacity among the open jobs. */
  reservation: JobReservation;
  /** Whether the job may be stored. From then on it needs its pictures, even if the call fails. */
  mayExist: boolean;
};

/** Dependencies of `createStartJob`. */
export type StartJobParts = {
  readonly store: Pick<JobStore, "find" | "findRequest" | "sizeOf">;
  readonly orchestrator: Pick<Orchestrator, "start">;
  readonly blobs: Pick<BlobClient, "reserve">;
  readonly space: Pick<BucketSpace, "assertSpace" | "addPending">;
  readonly assertCallbackSpace: AssertCallbackSpace;
  /** What tenants have left for hosted models. */
  readonly budgets: Pick<BudgetReader, "assertLeft">;
  /** Whether pictures may leave the mesh. */
  readonly isRemoteAllowed: boolean;
};

/**
 * Reserves storage and starts the job, which claims its request id. Resolves to the job of the request: the new one, or the one of the
 * call that claimed the id first. That job is returned even where a new one would be refused. Every write is idempotent, so the function may be repeated with the
 * same arguments. Throws REQUEST_ID_REUSED, QUEUE_FULL, REMOTE_NOT_ALLOWED, BUDGET_EXCEEDED and the errors of `BlobClient.reserve`.
 */
export type StartJob = (spec: JobSpec, newJob: NewJob) => Promise<StoredJob>;

/** About the size of a job's first record. */
const recordBytes = 1_024;
const maxTries = 10;
const retryMs = 100;

/** Creates a `StartJob`. */
export function createStartJob(parts: StartJobParts): StartJob {
  const { store, orchestrator, blobs, space, assertCallbackSpace } = parts;

  /** Returns undefined if another job has the request id. */
  async function start(spec: JobSpec, newJob: NewJob): Promise<StoredJob | undefined> {
    const { jobId, noCache, deadlineUnixMs } = spec;
    await space.assertSpace();
    if (spec.callbackUrl !== "") await assertCallbackSpace();
    await assertMayCost(parts, spec);
    const need = storageNeed(spec);
    const key = noCache ? "" : contentKey(spec);
    if (need.bytes > 0) await blobs.reserve({ jobId, key, ...need, untilUnixMs: deadlineUnixMs });
    newJob.mayExist = true;
    newJob.reservation.confirm();
    // The trace is opened as late as possible, because the trace of a refused call ends with the call.
    const traced = { ...spec, traceparent: openJobTrace() };
    space.addPending(store.sizeOf(traced) + recordBytes);
    return orchestrator.start(traced);
  }

  /** Returns the job of the call that claimed the request id, and completes it if that call died; undefined if there is none. */
  async function findFirst({ tenant, requestId, requestDigest }: JobSpec): Promise<StoredJob | undefined> {
    const first = requestId === "" ? undefined : await store.findRequest({ tenant, requestId });
    if (first && first.requestDigest !== requestDigest) throw requestIdReused();
    const job = first && (await findSoon(first.jobId));
    // A specification that is overdue and has no record is that of an ended job.
    return job || !first || first.deadlineUnixMs <= Date.now() ? job : orchestrator.start(first);
  }

  /** Waits for a record that another call may be storing now. */
  async function findSoon(jobId: string): Promise<StoredJob | undefined> {
    for (let tries = 1; ; tries++) {
      const job = await store.find(jobId);
      if (job || tries === maxTries) return job;
      await sleep(retryMs);
    }
  }

  return async (spec, newJob) => {
    let job: StoredJob | undefined;
    try {
      job = await start(spec, newJob);
    } catch (refusal) {
      const first = newJob.mayExist ? undefined : await findFirst(spec);
      if (!first) throw refusal;
      if (first.spec.jobId === spec.jobId) newJob.mayExist = true;
      return first;
    }
    // Two calls of one millisecond may have the same id. The first one's job keeps its pictures (`mayExist`).
    if (job && job.spec.requestDigest !== spec.requestDigest) throw requestIdReused();
    if (job) return job;
    newJob.mayExist = false;
    const first = await findFirst(spec);
    if (!first) throw new AppError("BROKER_UNAVAILABLE", "The job's id is taken", { retryAfterMs: 500 });
    return first;
  };
}

/** Throws unless the job's pictures may leave the mesh, if they would, and its tenant has its estimated cost left. Copies of older jobs pass here, too. */
async function assertMayCost({ budgets, isRemoteAllowed }: StartJobParts, spec: JobSpec): Promise<void> {
  const steps = spec.steps.flatMap(({ step }) => (step ? [step] : []));
  assertPipelineAllowed({ steps }, isRemoteAllowed);
  await budgets.assertLeft(spec.tenant, jobEstimateMicros(spec));
}

/** Jobs with equal keys store the same bytes. The digest of a request may name a picture by its address, whose content may change. */
function contentKey({ requestDigest, sources }: JobSpec): string {
  return hash("sha256", [requestDigest, ...sources.map(({ sha256 }) => sha256)].join("\n"), "hex");
}
