import { type Bus, openStore } from "@pixelmesh/bus";
import { type JobSpec, OpenEntry } from "@pixelmesh/proto";

/** An unfinished job as the bucket `open` knows it. */
export type OpenJob = { readonly jobId: string; readonly tenant: string };

/** An open job with when it is to be looked at first, and the revision of its entry. */
export type OpenJobEntry = OpenJob & { readonly dueUnixMs: number; readonly revision: number };

/** The bucket `open`: all that sweeps, deadlines and admission ever read. */
export type OpenJobs = {
  /** Lists the job; a repeat makes the entry newer. */
  enter(spec: JobSpec, dueUnixMs: number): Promise<void>;
  /** Takes the job off the list; with a revision, only what is not newer. Repeating it is harmless. */
  leave(job: OpenJob, revision?: number): Promise<void>;
  list(): Promise<OpenJob[]>;
  read(job: OpenJob): Promise<OpenJobEntry | undefined>;
};

/** Opens the bucket. Its keys are `<tenant>.<job>`, so that a tenant's jobs are counted without reading one. */
export async function openOpenJobs(bus: Bus): Promise<OpenJobs> {
  const store = await openStore(bus, "open", OpenEntry);
  const keyOf = ({ tenant, jobId }: OpenJob) => `${tenant}.${jobId}`;
  return {
    async enter({ jobId, tenant }, dueUnixMs) {
      await store.put(keyOf({ jobId, tenant }), { jobId, tenant, dueUnixMs });
    },
    leave: (job, revision) => store.remove(keyOf(job), revision),
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
