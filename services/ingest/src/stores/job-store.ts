import { createHash } from "node:crypto";
import { type Bus, findKey, openStore } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import { JobRecord, JobSpec, RequestEntry } from "@pixelmesh/proto";
import { noteCall } from "@pixelmesh/telemetry";
import { LRUCache } from "lru-cache";
import { assertJobId } from "../domain/job-id.ts";

/** A job as it is stored. */
export type StoredJob = { readonly spec: JobSpec; readonly record: JobRecord; readonly revision: number };

/** Jobs in the broker's buckets: `spec.<tenant>.<job>` never changes, `record.<job>` by compare-and-set only. */
export type JobStore = {
  /** Undefined for a job that is not there. */
  find(jobId: string): Promise<StoredJob | undefined>;
  /** The specification alone, as of a job whose creation got no further. */
  findSpec(jobId: string, tenant: string): Promise<JobSpec | undefined>;
  /** Throws JOB_NOT_FOUND, also for another tenant's job. */
  get(jobId: string, tenant: string): Promise<StoredJob>;
  /** Writes spec, then record; what is there already stays. Answers the record's revision. */
  create(spec: JobSpec, record: JobRecord): Promise<StoredJob>;
  /** The new revision; undefined when another writer was first. */
  update(record: JobRecord, revision: number): Promise<number | undefined>;
  /** Whose job it is by the key of its specification; undefined for one without. The broker searches: for records that cannot be read. */
  findTenant(jobId: string): Promise<string | undefined>;
  /** Everything below a sequence was removed: what is remembered of it is forgotten. */
  forgetBelow(sequence: number): void;
  /** Claims a request id for a job; answers the entry that holds, this one or an earlier. */
  claimRequest(tenant: string, requestId: string, entry: RequestEntry): Promise<RequestEntry>;
  findRequest(tenant: string, requestId: string): Promise<RequestEntry | undefined>;
};

const cachedSpecs = 2_000;

/** Opens the buckets `jobs` and `requests`. */
export async function openJobStore(bus: Bus): Promise<JobStore> {
  const [specs, records, requests] = await Promise.all([
    openStore(bus, "jobs", JobSpec),
    openStore(bus, "jobs", JobRecord),
    openStore(bus, "requests", RequestEntry),
  ]);
  const cache = new LRUCache<string, { readonly spec: JobSpec; readonly sequence: number }>({ max: cachedSpecs });
  const toLabels = (result: string) => ({ tier: "specs", result });
  const countLook = bus.metrics.countBy("pixelmesh_cache_tier_requests_total", toLabels);

  async function findSpec(jobId: string, tenant: string): Promise<JobSpec | undefined> {
    const cached = cache.get(jobId);
    countLook(cached ? "hit" : "miss");
    if (cached) return cached.spec;
    const entry = await specs.get(specKey(tenant, jobId));
    if (entry) cache.set(jobId, { spec: entry.value, sequence: entry.revision });
    return entry?.value;
  }

  async function find(jobId: string): Promise<StoredJob | undefined> {
    const entry = await records.get(recordKey(jobId));
    // Bytes that are no record may decode to an empty one.
    if (entry && entry.value.jobId !== jobId)
      throw new AppError("MALFORMED_MESSAGE", "The bytes of a job's record are not its record");
    const spec = entry && (await findSpec(jobId, entry.value.tenant));
    return entry && spec ? { spec, record: entry.value, revision: entry.revision } : undefined;
  }

  return {
    find,
    findSpec,
    async get(jobId, tenant) {
      assertJobId(jobId);
      noteCall({ jobId });
      const job = await find(jobId);
      if (!job || job.record.tenant !== tenant) throw new AppError("JOB_NOT_FOUND", "There is no job with this id");
      return job;
    },
    async create(spec, record) {
      // The spec first: a record without one would be a job that nobody can advance.
      const sequence = await specs.create(specKey(spec.tenant, spec.jobId), spec);
      const revision = await records.create(recordKey(spec.jobId), record);
      if (revision !== undefined) {
        if (sequence !== undefined) cache.set(spec.jobId, { spec, sequence });
        return { spec, record, revision };
      }
      const found = await find(spec.jobId);
      // Brokers that elect a leader may drop a write that they had announced.
      if (!found) throw new AppError("BROKER_UNAVAILABLE", "The broker lost the job's record", { retryAfterMs: 1_000 });
      return found;
    },
    update: (record, revision) => records.update(recordKey(record.jobId), record, revision),
    findTenant: async (jobId) => (await findKey(bus, "jobs", `spec.*.${jobId}`))?.split(".")[1],
    forgetBelow(sequence) {
      for (const [jobId, cached] of cache.entries()) if (cached.sequence < sequence) cache.delete(jobId);
    },
    async claimRequest(tenant, requestId, entry) {
      const key = requestKey(tenant, requestId);
      if ((await requests.create(key, entry)) !== undefined) return entry;
      const found = await requests.get(key);
      if (!found)
        throw new AppError("BROKER_UNAVAILABLE", "The request id was taken and then was not", { retryAfterMs: 500 });
      return found.value;
    },
    findRequest: async (tenant, requestId) => (await requests.get(requestKey(tenant, requestId)))?.value,
  };
}

/** The key of a job's specification in the bucket `jobs`. */
export const specKey = (tenant: string, jobId: string): string => `spec.${tenant}.${jobId}`;

/** The key of a job's record in the bucket `jobs`. */
export const recordKey = (jobId: string): string => `record.${jobId}`;

/** The key of a request id in the bucket `requests`. */
export function requestKey(tenant: string, requestId: string): string {
  return `${tenant}.${createHash("sha256").update(requestId).digest("hex")}`;
}
