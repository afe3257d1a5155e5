import { type Job, JobState, reasonFromEnum } from "@pixelmesh/client";
import { toEnumWord, toJobJson } from "@pixelmesh/json-views";
import { toProgressText } from "../run/picture-line.ts";
import { toShortTime, toTable } from "./text.ts";

/** Formats jobs as a table, or as a JSON array. */
export function describeJobs(jobs: readonly Job[], json: boolean): string {
  if (json) return `${JSON.stringify(jobs.map(toJobJson), null, 2)}\n`;
  const rows = jobs.map((job) => [
    job.id,
    toEnumWord(JobState, job.state),
    new Date(job.createdUnixMs).toISOString(),
    job.finishedUnixMs > 0 ? toShortTime(job.finishedUnixMs - job.createdUnixMs) : toProgressText(job),
    job.steps.map(({ operation }) => operation).join(" "),
    job.error ? reasonFromEnum(job.error.reason) : "",
  ]);
  return toTable([["ID", "STATE", "CREATED", "TOOK", "STEPS", "ERROR"], ...rows]);
}
