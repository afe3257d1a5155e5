import { randomBytes } from "node:crypto";
import { waitForBroker } from "@pixelmesh/bus";
import { AppError, toAppError } from "@pixelmesh/errors";
import { lowerPriority, planJob, requestDigest, roomNeed } from "@pixelmesh/pipeline";
import {
  type CreateJobHeader,
  type CreateJobRequest,
  type Job,
  JobSpec,
  Priority,
  type RequestEntry,
} from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import { callFacts, noteCall, openJobTrace } from "@pixelmesh/telemetry";
import type { Place } from "../admission/job-limits.ts";
import { parseDeadline } from "../domain/deadline.ts";
import { createFairQueue } from "../domain/fair-queue.ts";
import { createJobId } from "../domain/job-id.ts";
import { parseTenant } from "../domain/tenant.ts";
import { countSubmitted } from "../orchestrator/job-metrics.ts";
import type { StoredJob } from "../stores/job-store.ts";
import type { JobParts } from "./parts.ts";
import { brokerPatienceMs } from "./repeatable.ts";
import { type ReceivedJob, receiveJob, toInputKeep } from "./uploads.ts";

const startConcurrency = 32;

/** Of a call whose header has not come. */
const noPlace: Place = { keep() {}, giveBack() {} };

/** A job on its way in, with its place among the open ones; once `isMade`, it may be there. */
type Entry = { readonly jobId: string; isMade: boolean; place: Place };

/** About what a job's first record takes, beside its specification. */
const recordBytes = 1_024;

/** CreateJob: receive, plan, store, dispatch. Once it answers, the job is durable. */
export function createCreateJob(parts: JobParts) {
  const { base, store, orchestrator, watchers, admission, room, blobs } = parts;
  const { metrics } = base;

  /** Few at a time, so that requests to the broker are answered in time however many jobs come at once. */
  const starting = createFairQueue(startConcurrency);

  async function createJob(
    tenant: string,
    stream: AsyncIterable<CreateJobRequest>,
    context: CallContext,
  ): Promise<Job> {
    const entry: Entry = { jobId: createJobId(Date.now(), randomBytes(16)), isMade: false, place: noPlace };
    try {
      return await enter(entry, tenant, stream, context);
    } finally {
      // A job that may be there is open and needs its pictures, even if this call failed.
      if (!entry.isMade) letGo(entry.jobId);
      entry.place.giveBack();
    }
  }

  async function enter(
    entry: Entry,
    tenant: string,
    stream: AsyncIterable<CreateJobRequest>,
    { signal }: CallContext,
  ): Promise<Job> {
    const { jobId } = entry;
    const nowUnixMs = Date.now();
    const deadlineOf = (header: CreateJobHeader) => parseDeadline(header, nowUnixMs, parts.jobDeadlineMs);
    // A full mesh refuses before anything is uploaded.
    const onHeader = async (header: CreateJobHeader) => {
      const keep = toInputKeep(jobId, deadlineOf(header));
      entry.place = await admission.enter(tenant);
      await room.assertRoom();
      return keep;
    };
    const findEarlier = ({ requestId }: CreateJobHeader) => findByRequest(tenant, requestId);
    const received = await receiveJob(stream, { ...parts, tenant, onHeader, findEarlier }, signal).catch(
      (error: unknown) => {
        const { reason } = toAppError(error);
        if (reason.startsWith("IMAGE_")) metrics.count("pixelmesh_input_rejected_total", { reason });
        throw error;
      },
    );

    if (received.earlier) return answerRepeat(received, received.earlier);
    const deadlineUnixMs = deadlineOf(received.header);
    const spec = await plan(parts, received, { jobId, tenant, nowUnixMs, deadlineUnixMs }).catch(
      async (refusal: unknown) => {
        const earlier = await findEarlier(received.header);
        if (!earlier) throw refusal;
        return earlier;
      },
    );
    if ("record" in spec) return answerRepeat(received, spec);
    // Repeated under the same job id while the broker is away for a moment: each of its writes may be repeated.
    const isInteractive = spec.priority === Priority.INTERACTIVE;
    const { claimed, job } = await starting.run({ tenant, isInteractive }, signal, () =>
      waitForBroker(base.log, () => claimAndStart(spec, entry), brokerPatienceMs, signal),
    );
    noteCall({ jobId: claimed.jobId });
    if (claimed.jobId === jobId) {
      countSubmitted(metrics, spec);
      parts.stats.noteAccepted();
      base.log.info({ jobId, tenant, steps: spec.steps.length, outputs: spec.outputs.length }, "job created");
    }
    return watchers.view(job);
  }

  async function claimAndStart(spec: JobSpec, entry: Entry): Promise<{ claimed: RequestEntry; job: StoredJob }> {
    const claimed = await claim(spec);
    if (claimed.jobId === spec.jobId) return { claimed, job: await start(spec, entry) };
    const earlier = await store.find(claimed.jobId);
    return { claimed, job: earlier ?? (await goOn({ ...spec, jobId: claimed.jobId }, entry.place)) };
  }

  /** A retry of a call that died half-way goes on under the id that was claimed first. */
  async function goOn(spec: JobSpec, place: Place): Promise<StoredJob> {
    const keep = toInputKeep(spec.jobId, spec.deadlineUnixMs);
    const kept = await Promise.all(spec.sources.map(({ sha256 }) => blobs.extend(sha256, keep)));
    if (!kept.every(Boolean)) throw new AppError("BLOB_NOT_FOUND", "A picture of the job is no longer stored; send it");
    const entry: Entry = { jobId: spec.jobId, isMade: false, place };
    try {
      return await start(spec, entry);
    } finally {
      if (!entry.isMade) letGo(spec.jobId);
    }
  }

  async function findByRequest(tenant: string, requestId: string): Promise<StoredJob | undefined> {
    const known = requestId === "" ? undefined : await store.findRequest(tenant, requestId);
    return known && store.find(known.jobId);
  }

  function answerRepeat({ header, sources }: ReceivedJob, earlier: StoredJob): Job {
    if (earlier.spec.requestDigest !== requestDigest(header, sources)) throw requestIdReused();
    noteCall({ jobId: earlier.spec.jobId });
    return watchers.view(earlier);
  }

  /** The job has its place; its records need room, and so does what it will make in storage. */
  async function start(spec: JobSpec, entry: Entry): Promise<StoredJob> {
    const { jobId, noCache, requestDigest: digest, deadlineUnixMs } = spec;
    await room.assertRoom();
    const need = roomNeed(spec);
    const key = noCache ? "" : digest;
    if (need.bytes > 0) await blobs.reserve({ jobId, key, ...need, untilUnixMs: deadlineUnixMs });
    entry.isMade = true;
    entry.place.keep();
    room.noteEntered(JobSpec.encode(spec).finish().length + recordBytes);
    // Not sooner: the trace of a call that is refused ends with it.
    return orchestrator.start({ ...spec, traceparent: openJobTrace() });
  }

  /** Not waited for: where storage does not hear of it, the pictures are let go at the deadline that the job would have had. */
  function letGo(jobId: string): void {
    blobs.release(jobId).catch((error: unknown) => base.log.debug({ err: error, jobId }, "pictures not released"));
  }

  async function claim(spec: JobSpec): Promise<RequestEntry> {
    const { jobId, tenant, requestId, requestDigest: digest } = spec;
    if (requestId === "") return { jobId, requestDigest: digest };
    const entry = await store.claimRequest(tenant, requestId, { jobId, requestDigest: digest });
    if (entry.requestDigest !== digest) throw requestIdReused();
    return entry;
  }

  return async (stream: AsyncIterable<CreateJobRequest>, context: CallContext): Promise<Job> => {
    try {
      return await createJob(parseTenant(callFacts().tenant), stream, context);
    } catch (error) {
      parts.stats.noteRefused(toAppError(error).reason);
      throw error;
    }
  };
}

function requestIdReused(): AppError {
  return new AppError("REQUEST_ID_REUSED", "This request id came before, with another pipeline or picture");
}

type Identity = {
  readonly jobId: string;
  readonly tenant: string;
  readonly nowUnixMs: number;
  readonly deadlineUnixMs: number;
};

async function plan(
  { catalogue, limits, rates, load, admission, interactivePerTenant }: JobParts,
  { header, sources }: ReceivedJob,
  identity: Identity,
): Promise<JobSpec> {
  const planned = planJob({
    ...identity,
    header,
    sources,
    catalogue: await catalogue.forPipeline(header.pipeline ?? { steps: [], outputs: [] }),
    limits: { maxOutputPixels: limits.maxOutputPixels, maxSidePx: limits.maxSidePx },
    rates,
    ...(header.allowDegraded ? { load: await load.read() } : {}),
  });
  const spec = { ...planned, limits };
  const isCrowded = spec.priority === Priority.INTERACTIVE && admission.openOf(spec.tenant) >= interactivePerTenant;
  return isCrowded ? lowerPriority(spec, `the tenant has ${interactivePerTenant} open jobs or more`) : spec;
}
