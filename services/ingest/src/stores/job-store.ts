import { type Bus, findKey, openStore } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import { JobRecord, JobSpec } from "@pixelmesh/proto";
import { addCallLogFields } from "@pixelmesh/telemetry";
import { LRUCache } from "lru-cache";
import { assertJobId, identityOf, identityOfRequest, isStoredByWholeId, type JobRequest } from "../domain/job-id.ts";

/** A job as it is stored. */
export type StoredJob = { readonly spec: JobSpec; readonly record: JobRecord; readonly revision: number };

/** Jobs in the bucket `jobs`: `spec.<tenant>.<identity>` never changes, `record.<job>` changes by compare-and-set only. */
export type JobStore = {
  /** Returns undefined if there is no such job. Throws MALFORMED_MESSAGE if the stored bytes are not its record. */
  find(jobId: string): Promise<StoredJob | undefined>;
  /** Returns the specification alone. A job whose creation was interrupted has no record. */
  findSpec(jobId: string, tenant: string): Promise<JobSpec | undefined>;
  /** Throws JOB_NOT_FOUND, also for another tenant's job. */
  get(jobId: string, tenant: string): Promise<StoredJob>;
  /**
   * Writes the specification, which claims the request id, then the record. Returns the stored job if they exist already; undefined if
   * another job has the request id.
   */
  create(spec: JobSpec, record: JobRecord): Promise<StoredJob | undefined>;
  /** Writes a record by compare-and-set. Returns the new revision, or undefined if another writer was first. */
  update(record: JobRecord, revision: number): Promise<number | undefined>;
  /**
   * Returns the tenant in the key of a job's specification; undefined if there is none. The broker searches all keys, so use it only
   * for records that cannot be read.
   */
  findTenant(jobId: string): Promise<string | undefined>;
  /** Drops cached specifications below a sequence, because the bucket's entries below it were removed. */
  forgetBelow(sequence: number): void;
  /** Returns the size of a specification in bytes. */
  sizeOf(spec: JobSpec): number;
  /** Returns the specification of the job with a request id. A job whose creation was interrupted has no record. */
  findRequest(request: JobRequest): Promise<JobSpec | undefined>;
};

const cachedSpecs = 2_000;

/** Opens the bucket `jobs`. */
export async function openJobStore(bus: Bus): Promise<JobStore> {
  const [specs, records] = await Promise.all([openStore(bus, "jobs", specCodec), openStore(bus, "jobs", JobRecord)]);
  const cache = new LRUCache<string, { readonly spec: JobSpec; readonly sequence: number }>({ max: cachedSpecs });
  const toLabels = (result: string) => ({ tier: "specs", result });
  const countLookup = bus.metrics.countBy("pixelmesh_cache_tier_requests_total", toLabels);

  async function findSpec(jobId: string, tenant: string): Promise<JobSpec | undefined> {
    const cached = cache.get(jobId);
    countLookup(cached ? "hit" : "miss");
    if (cached) return cached.spec;
    const entry = await specs.get(specKey(tenant, jobId));
    // Another job may have the identity, once this one was evicted.
    if (entry?.value.jobId !== jobId) return undefined;
    cache.set(jobId, { spec: entry.value, sequence: entry.revision });
    return entry.value;
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
      const { tenant, jobId } = spec;
      // The specification comes first, because a record without one could not be advanced.
      const key = specKey(tenant, jobId);
      const sequence = await specs.create(key, spec);
      if (sequence === undefined) {
        const stored = await specs.get(key);
        if (!stored) throw lost();
        if (stored.value.jobId !== jobId) return undefined;
      } else cache.set(jobId, { spec, sequence });
      const revision = await records.create(recordKey(jobId), record);
      if (revision !== undefined && sequence !== undefined) return { spec, record, revision };
      const found = await find(jobId);
      if (!found) throw lost();
      return found;
    },
    update: (record, revision) => records.update(recordKey(record.jobId), record, revision),
    findTenant: async (jobId) => (await findKey(bus, "jobs", specKey("*", jobId)))?.split(".")[1],
    forgetBelow(sequence) {
      for (const [jobId, cached] of cache.entries()) if (cached.sequence < sequence) cache.delete(jobId);
    },
    sizeOf: (spec) => encodeSpec(spec).length,
    async findRequest(request) {
      const found = await specs.get(keyOf(request.tenant, identityOfRequest(request)));
      return found?.value.requestId === request.requestId ? found.value : undefined;
    },
  };
}

/** The bytes of new specifications. A specification never changes, and it is encoded for its size and for the bucket. */
const encodedSpecs = new WeakMap<JobSpec, Uint8Array>();

function encodeSpec(spec: JobSpec): Uint8Array {
  const known = encodedSpecs.get(spec);
  if (known) return known;
  const bytes = JobSpec.encode(spec).finish();
  encodedSpecs.set(spec, bytes);
  return bytes;
}

const specCodec = { encode: (spec: JobSpec) => ({ finish: () => encodeSpec(spec) }), decode: JobSpec.decode };

/** Returns the key of a job's specification in the bucket `jobs`. */
export const specKey = (tenant: string, jobId: string): string =>
  keyOf(tenant, isStoredByWholeId(jobId) ? jobId : identityOf(jobId));

const keyOf = (tenant: string, identity: string) => `spec.${tenant}.${identity}`;

/** Returns the key of a job's record in the bucket `jobs`. */
export const recordKey = (jobId: string): string => `record.${jobId}`;

/** A broker that elects a leader may drop a write that it had announced. */
function lost(): AppError {
  return new AppError("BROKER_UNAVAILABLE", "The broker lost what is stored of the job", { retryAfterMs: 1_000 });
}
