import { createHash } from "node:crypto";
import { type Bus, openStore } from "@pixelmesh/bus";
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
  /** Ids of a tenant's jobs. */
  list(tenant: string): Promise<string[]>;
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
  const cache = new LRUCache<string, JobSpec>({ max: cachedSpecs });
  const toLabels = (result: string) => ({ tier: "specs", result });
  const countLook = bus.metrics.countBy("pixelmesh_cache_tier_requests_total", toLabels);

  async function findSpec(jobId: string, tenant: string): Promise<JobSpec | undefined> {
    const cached = cache.get(jobId);
    countLook(cached ? "hit" : "miss");
    if (cached) return cached;
    const spec = (await specs.get(`spec.${tenant}.${jobId}`))?.value;
    if (spec) cache.set(jobId, spec);
    return spec;
  }

  async function find(jobId: string): Promise<StoredJob | undefined> {
    const entry = await records.get(`record.${jobId}`);
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
      await specs.create(`spec.${spec.tenant}.${spec.jobId}`, spec);
      const revision = await records.create(`record.${spec.jobId}`, record);
      if (revision !== undefined) {
        cache.set(spec.jobId, spec);
        return { spec, record, revision };
      }
      const found = await find(spec.jobId);
      // Brokers that elect a leader may drop a write that they had announced.
      if (!found) throw new AppError("BROKER_UNAVAILABLE", "The broker lost the job's record", { retryAfterMs: 1_000 });
      return found;
    },
    update: (record, revision) => records.update(`record.${record.jobId}`, record, revision),
    async list(tenant) {
      const keys = await specs.keys(`spec.${tenant}.>`);
      return keys.map((key) => key.slice(`spec.${tenant}.`.length));
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

function requestKey(tenant: string, requestId: string): string {
  return `${tenant}.${createHash("sha256").update(requestId).digest("hex")}`;
}
