import { setImmediate } from "node:timers/promises";
import type { JobIndex } from "./job-index.ts";
import type { ListedJob } from "./job-page.ts";
import type { JobQuery } from "./job-query.ts";

const pageSize = 500;

/**
 * Iterates over the jobs that a query finds, newest first, in pages of at most 500, until `maxJobs` were returned. Throws the signal's
 * reason if that is aborted, and the errors of `JobIndex.ready` and `JobIndex.page`.
 */
export async function* walkJobs(
  index: Pick<JobIndex, "ready" | "page">,
  query: JobQuery,
  maxJobs: number,
  signal: AbortSignal,
): AsyncGenerator<readonly ListedJob[], void, undefined> {
  await index.ready();
  let before = "";
  for (let left = maxJobs; left > 0; ) {
    signal.throwIfAborted();
    const { rows, next } = index.page(query, before, Math.min(left, pageSize));
    if (rows.length > 0) yield rows;
    if (next === "") return;
    left -= rows.length;
    before = next;
    await setImmediate();
  }
}
