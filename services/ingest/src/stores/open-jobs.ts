import { type Bus, openStore } from "@pixelmesh/bus";
import { type JobSpec, OpenEntry } from "@pixelmesh/proto";

/** An unfinished job, as the bucket `open` lists it. */
export type OpenJob = { readonly jobId: string; readonly tenant: string };

/** An entry of the bucket: when the job must be reconciled first, and the entry's revision. */
export type OpenJobEntry = OpenJob & { readonly dueUnixMs: number; readonly revision: number };

/** The bucket `open`. Reconciling, deadlines and limits of open jobs read no other bucket to find jobs. */
export type OpenJobs = {
  /** Lists a job. A repeat replaces the entry by a newer one. */
  add(spec: JobSpec, dueUnixMs: number): Promise<void>;
  /** Removes a job. With a revision, it keeps an entry that is newer. Idempotent; returns whether this call removed the entry. */
  remove(job: OpenJob, revision?: number): Promise<boolean>;
  list(): Promise<OpenJob[]>;
  /** When this replica last listed a job, by `performance.now()`. */
  addedMs(): number;
  read(job: OpenJob): Promise<OpenJobEntry | undefined>;
};

/** Opens the bucket. Its keys are `<tenant>.<job>`, so that a tenant's jobs are counted without reading an entry. */
export async function openOpenJobs(bus: Bus): Promise<OpenJobs> {
  const store = await openStore(bus, "open", OpenEntry);
  const keyOf = ({ tenant, jobId }: OpenJob) => `${tenant}.${jobId}`;
  let addedMs = Number.NEGATIVE_INFINITY;
  return {
    addedMs: () => addedMs,
    async add({ jobId, tenant }, dueUnixMs) {
      addedMs = performance.now();
      await store.put(keyOf({ jobId, tenant }), { jobId, tenant, dueUnixMs });
    },
    remove: (job, revision) => store.remove(keyOf(job), revision),
    async list() {
      const keys = await store.list(">");
      return keys.map((key) => {
        const dot = key.indexOf(".");
        return { tenant: key.slice(0, dot), jobId: key.slice(dot + 1) };
      });
    },
    async read(job) {
      const entry = await store.get(keyOf(job));
      return entry && { ...job, dueUnixMs: entry.value.dueUnixMs, revision: entry.revision };
    },
  };
}
