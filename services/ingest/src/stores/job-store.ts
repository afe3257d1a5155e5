import { createHash } from "node:crypto";
import { type Bus, findKey, openStore } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import { JobRecord, JobSpec, RequestEntry } from "@pixelmesh/proto";
import { addCallLogFields } from "@pixelmesh/telemetry";
import { LRUCache } from "lru-cache";
import { assertJobId } from "../domain/job-id.ts";

/** A job as it is stored. */
export type StoredJob = { readonly spec: JobSpec; readonly record: JobRecord; readonly revision: number };

/** Jobs in the broker's buckets: `spec.<tenant>.<job>` never changes, `record.<job>` by compare-and-set only. */
export type JobStore = {
  /** Returns undefined if there is no such job. Throws MALFORMED_MESSAGE if the stored bytes are not its record. */
  find(jobId: string): Promise<StoredJob | undefined>;
  /** Returns the specification alone. A job whose creation was interrupted has no record. */
  findSpec(jobId: string, tenant: string): Promise<JobSpec | undefined>;
  /** Throws JOB_NOT_FOUND, also for another tenant's job. */
  get(jobId: string, tenant: string): Promise<StoredJob>;
  /** Writes the specification, then the record. Returns the stored job if they exist already. */
  create(spec: JobSpec, record: JobRecord): Promise<StoredJob>;
  /** Writes a record by compare-and-set. Returns the new revision, or undefined if another writer was first. */
  update(record: JobRecord, revision: number): Promise<number | undefined>;
  /**
   * Returns the tenant in the key of a job's specification; undefined if there is none. The broker searches all keys, so use it only
   * for records that cannot be read.
   */
  findTenant(jobId: string): Promise<string | undefined>;
  /** Drops cached specifications below a sequence, because the bucket's entries below it were removed. */
  forgetBelow(sequence: number): void;
  /** Claims a request id for a job. Returns the stored entry: this one, or an earlier one. */
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
  const countLookup = bus.metrics.countBy("pixelmesh_cache_tier_requests_total", toLabels);

  async function findSpec(jobId: string, tenant: string): Promise<JobSpec | undefined> {
    const cached = cache.get(jobId);
    countLookup(cached ? "hit" : "miss");
    if (cached) return cached.spec;
    const entry = await specs.get(specKey(tenant, jobId));
    if (entry) cache.set(jobId, { spec: entry.value, sequence: entry.revision });
    return entry?.value;
  }

  async function find(jobId: string): Promise<StoredJob | undefined> {
    const entry = await records.get(recordKey(jobId));
    // Arbitrary bytes may decode to an empty record.
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
      addCallLogFields({ jobId });
      const job = await find(jobId);
      if (!job || job.record.tenant !== tenant) throw new AppError("JOB_NOT_FOUND", "There is no job with this id");
      return job;
    },
    async create(spec, record) {
      // The specification comes first, because a record without one could not be advanced.
      const sequence = await specs.create(specKey(spec.tenant, spec.jobId), spec);
      const revision = await records.create(recordKey(spec.jobId), record);
      if (revision !== undefined) {
        if (sequence !== undefined) cache.set(spec.jobId, { spec, sequence });
        return { spec, record, revision };
      }
      const found = await find(spec.jobId);
      // A broker that elects a leader may drop a write that it had announced.
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
        throw new AppError("BROKER_UNAVAILABLE", "The broker lost the entry of the request id", { retryAfterMs: 500 });
      return found.value;
    },
    findRequest: async (tenant, requestId) => (await requests.get(requestKey(tenant, requestId)))?.value,
  };
}

/** Returns the key of a job's specification in the bucket `jobs`. */
export const specKey = (tenant: string, jobId: string): string => `spec.${tenant}.${jobId}`;

/** Returns the key of a job's record in the bucket `jobs`. */
export const recordKey = (jobId: string): string => `record.${jobId}`;

/** Returns the key of a request id in the bucket `requests`. */
export function requestKey(tenant: string, requestId: string): string {
  return `${tenant}.${createHash("sha256").update(requestId).digest("hex")}`;
}
