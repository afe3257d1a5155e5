import { randomBytes } from "node:crypto";
import type { Bus } from "@pixelmesh/bus";
import type { Job } from "@pixelmesh/client";
import { JobRecord, JobSpec } from "@pixelmesh/proto";

/** Reads what the broker stores of a job. */
export async function readStored(bus: Bus, { id }: Job): Promise<{ spec: JobSpec; record: JobRecord }> {
  const read = async (key: string) => {
    const found = await bus.jsm.streams.getMessage("KV_jobs", { last_by_subj: `$KV.jobs.${key}` });
    return found?.data as Uint8Array;
  };
  const record = JobRecord.decode(await read(`record.${id}`));
  return { spec: JobSpec.decode(await read(`spec.${record.tenant}.${identityOf(id)}`)), record };
}

const identityOf = (id: string) => id.split("-").slice(-2).join("-");

/** Stores a copy of an ended job, with other labels and another picture, which takes no result of the cache. Returns its id. */
export async function copyJob(bus: Bus, job: Job, labels: string[], sha256: string): Promise<string> {
  const { spec, record } = await readStored(bus, job);
  const random = randomBytes(6).toString("hex");
  const jobId = `${job.id.slice(0, -12)}${random}`;
  const sources = spec.sources.map((source) => ({ ...source, sha256 }));
  await bus.js.publish(
    `$KV.jobs.spec.${record.tenant}.${identityOf(jobId)}`,
    JobSpec.encode({ ...spec, jobId, labels, sources, noCache: true }).finish(),
  );
  await bus.js.publish(`$KV.jobs.record.${jobId}`, JobRecord.encode({ ...record, jobId, labels }).finish());
  return jobId;
}
