import { type Job, type JobFilter, JobState, reasonFromEnum } from "@pixelmesh/client";

const { RUNNING, FAILED, CANCELLED } = JobState;

/** Returns the reason of a job's error. */
export const reasonOf = ({ error }: Job) => (error ? reasonFromEnum(error.reason) : undefined);

/** Returns filters, each with what it means, written by hand. `all` are the jobs of the tenant, newest first. */
export function casesOf(all: readonly Job[]): [JobFilter, (job: Job) => boolean][] {
  const times = all.map(({ createdUnixMs }) => createdUnixMs).sort((a, b) => a - b);
  const [from, to] = [times[2] as number, times.at(-3) as number];
  const has = (job: Job, label: string) => job.labels.includes(label);
  const uses = (job: Job, name: string) => job.steps.some(({ operation }) => operation === name);
  const named = [all[1]?.id ?? "", all.at(-1)?.id ?? ""];
  return [
    [{}, () => true],
    [{ states: [RUNNING] }, ({ state }) => state === RUNNING],
    [{ states: [FAILED, CANCELLED] }, ({ state }) => state === FAILED || state === CANCELLED],
    [{ labels: ["summer"] }, (job) => has(job, "summer")],
    [{ labels: ["summer", "web"] }, (job) => has(job, "summer") && has(job, "web")],
    [{ labels: ["sum"] }, () => false],
    [{ reasons: ["DEADLINE_EXCEEDED"] }, (job) => reasonOf(job) === "DEADLINE_EXCEEDED"],
    [
      { reasons: ["IMAGE_CORRUPT", "CANCELLED"] },
      (job) => ["IMAGE_CORRUPT", "CANCELLED"].includes(reasonOf(job) ?? ""),
    ],
    [{ operations: ["prescale"] }, (job) => uses(job, "prescale")],
    [{ operations: ["apply_effects", "prescale"] }, (job) => uses(job, "prescale") && uses(job, "apply_effects")],
    [{ operations: ["upscale"] }, () => false],
    [{ createdAfter: new Date(from) }, ({ createdUnixMs }) => createdUnixMs >= from],
    [{ createdBefore: new Date(to) }, ({ createdUnixMs }) => createdUnixMs < to],
    [
      { createdAfter: new Date(from), createdBefore: new Date(to), labels: ["summer"] },
      (job) => job.createdUnixMs >= from && job.createdUnixMs < to && has(job, "summer"),
    ],
    [{ jobIds: named }, ({ id }) => named.includes(id)],
    [{ jobIds: named, states: [RUNNING] }, ({ id, state }) => named.includes(id) && state === RUNNING],
    [
      { labels: ["summer"], states: [FAILED], reasons: ["IMAGE_CORRUPT"], operations: ["prescale"] },
      (job) => has(job, "summer") && reasonOf(job) === "IMAGE_CORRUPT" && uses(job, "prescale"),
    ],
  ];
}
