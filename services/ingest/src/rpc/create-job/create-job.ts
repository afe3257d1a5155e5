import { randomBytes } from "node:crypto";
import { toAppError } from "@pixelmesh/errors";
import type { CreateJobRequest, Job, JobSpec } from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import type { ServiceBase } from "@pixelmesh/service";
import { addCallLogFields } from "@pixelmesh/telemetry";
import type { SourceReader } from "../../adapters/source-reader.ts";
import type { BucketSpace } from "../../admission/bucket-space.ts";
import type { OpenJobLimiter } from "../../admission/open-job-limiter.ts";
import { parseDeadline } from "../../domain/deadline.ts";
import { createJobId } from "../../domain/job-id.ts";
import { assertCallerLabels } from "../../domain/labels.ts";
import type { StatsRecorder } from "../../domain/stats-recorder.ts";
import type { JobStore, StoredJob } from "../../stores/job-store.ts";
import type { Watchers } from "../../watch/watchers.ts";
import { callTenant } from "../call-tenant.ts";
import { toInputRetention } from "../input-retention.ts";
import type { AcceptJob } from "./accept-job.ts";
import { assertSameRequest, findEarlierJob } from "./earlier-job.ts";
import { assertAllowed } from "./expand-header.ts";
import { type PlanParts, planSpec } from "./plan-spec.ts";
import { type ReceivedJob, receiveJob } from "./receive-job.ts";
import type { NewJob } from "./start-job.ts";
import type { PictureParts } from "./store-picture.ts";

/** Dependencies of `createCreateJob`. */
export type CreateJobParts = {
  readonly base: Pick<ServiceBase, "log" | "metrics">;
  readonly store: JobStore;
  readonly accept: AcceptJob;
  readonly watchers: Pick<Watchers, "view">;
  readonly limiter: OpenJobLimiter;
  readonly space: BucketSpace;
  readonly pictures: PictureParts & { readonly reader: SourceReader };
  /** Throws unless a job may have this callback now. */
  readonly assertCallback: (url: string) => Promise<void>;
  readonly planning: PlanParts;
  readonly stats: Pick<StatsRecorder, "recordRefused">;
  /** The default time to the deadline. */
  readonly jobDeadlineMs: number;
};

/** One call, from its arrival. */
type Call = {
  readonly tenant: string;
  readonly signal: AbortSignal;
  readonly nowUnixMs: number;
  readonly newJob: NewJob;
};

/** The reservation of a call whose header has not arrived. */
const noReservation: NewJob["reservation"] = { confirm() {}, cancel() {} };

/** CreateJob: receives, plans, stores and dispatches a job. The job is durable once the call has succeeded. */
export function createCreateJob(parts: CreateJobParts) {
  const { base, watchers, accept, stats } = parts;
  const { log } = base;
  const { blobs } = parts.pictures;

  /** Not awaited: without it, storage may delete the pictures after the deadline that the job would have had. */
  function releasePictures(jobId: string): void {
    blobs.release(jobId).catch((error: unknown) => log.debug({ err: error, jobId }, "pictures not released"));
  }

  function viewEarlier({ header, requested }: ReceivedJob, earlier: StoredJob, newJob: NewJob): Job {
    // Two calls of one millisecond may have the same id. The earlier job needs its pictures.
    if (earlier.spec.jobId === newJob.jobId) newJob.mayExist = true;
    assertSameRequest(header, requested, earlier);
    addCallLogFields({ jobId: earlier.spec.jobId });
    return watchers.view(earlier);
  }

  async function createJob(stream: AsyncIterable<CreateJobRequest>, call: Call): Promise<Job> {
    const { newJob } = call;
    try {
      const received = await receive(parts, stream, call);
      if (received.earlier) return viewEarlier(received, received.earlier, newJob);
      const planned = await plan(parts, received, call);
      if ("earlier" in planned) return viewEarlier(received, planned.earlier, newJob);
      // Phase 3: the job is started, which claims its request id.
      return watchers.view(await accept(planned.spec, newJob, call.signal));
    } finally {
      if (!newJob.mayExist && newJob.jobId !== "") releasePictures(newJob.jobId);
      newJob.reservation.cancel();
    }
  }

  return async (stream: AsyncIterable<CreateJobRequest>, { signal }: CallContext): Promise<Job> => {
    try {
      const nowUnixMs = Date.now();
      const newJob: NewJob = { jobId: "", reservation: noReservation, mayExist: false };
      return await createJob(stream, { tenant: callTenant(), signal, nowUnixMs, newJob });
    } catch (error) {
      stats.recordRefused(toAppError(error).reason);
      throw error;
    }
  };
}

/** Phase 1: checks the header before anything is uploaded, then stores the pictures. */
async function receive(
  parts: CreateJobParts,
  stream: AsyncIterable<CreateJobRequest>,
  call: Call,
): Promise<ReceivedJob> {
  const { store, limiter, space, base, jobDeadlineMs, assertCallback, planning } = parts;
  const { tenant, signal, nowUnixMs, newJob } = call;
  try {
    return await receiveJob(parts.pictures, stream, {
      tenant,
      signal,
      async onHeader(header) {
        assertCallerLabels(header.labels);
        await assertCallback(header.callbackUrl);
        await assertAllowed(planning, header);
        newJob.jobId = createJobId(nowUnixMs, randomBytes(16), { tenant, requestId: header.requestId });
        const retention = toInputRetention(newJob.jobId, parseDeadline(header, nowUnixMs, jobDeadlineMs));
        newJob.reservation = await limiter.reserve(tenant);
        await space.assertSpace();
        return retention;
      },
      findEarlier: ({ requestId }) => findEarlierJob(store, tenant, requestId),
    });
  } catch (error) {
    const { reason } = toAppError(error);
    if (reason.startsWith("IMAGE_")) base.metrics.count("pixelmesh_input_refused_total", { reason });
    throw error;
  }
}

/** Phase 2: plans the job. A repeated request whose plan is refused resolves to the earlier job. */
async function plan(
  { store, planning, jobDeadlineMs }: CreateJobParts,
  received: ReceivedJob,
  { tenant, nowUnixMs, newJob: { jobId } }: Call,
): Promise<{ spec: JobSpec } | { earlier: StoredJob }> {
  const { header } = received;
  const deadlineUnixMs = parseDeadline(header, nowUnixMs, jobDeadlineMs);
  try {
    return { spec: await planSpec(planning, received, { jobId, tenant, nowUnixMs, deadlineUnixMs }) };
  } catch (refusal) {
    const earlier = await findEarlierJob(store, tenant, header.requestId);
    if (!earlier) throw refusal;
    return { earlier };
  }
}
