import type { JobPage } from "../api/jobs.ts";
import type { Job } from "../api/types.ts";

/**
 * Puts a newer first page into a list of jobs, newest first. In the span of time that the page covers, the page alone counts: jobs that no longer meet the
 * filter go. Older jobs stay as they were read.
 */
export function mergeFirstPage(list: readonly Job[], { jobs, nextPageToken }: JobPage): readonly Job[] {
  if (nextPageToken === "") return jobs;
  const last = jobs.at(-1);
  if (!last) return list;
  const onPage = new Set(jobs.map(({ id }) => id));
  return [...jobs, ...list.filter(({ id, createdUnixMs }) => createdUnixMs <= last.createdUnixMs && !onPage.has(id))];
}
