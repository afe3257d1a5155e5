import { type JobPage, toListed } from "./job-page.ts";
import { readTags } from "./job-tags.ts";
import type { ListQuery } from "./list-scan.ts";
import type { StoredRow } from "./row-writer.ts";

/** Returns the page of a query for jobs that are named by their ids. `rows` are those of all named jobs. */
export function pageOfNamed(query: ListQuery, rows: readonly StoredRow[]): JobPage {
  const found = rows.filter((row) => isFound(query, row)).map(({ job, outcome, seq }) => toListed(job, outcome, seq));
  const page = found.sort((a, b) => (a.jobId < b.jobId ? 1 : -1)).slice(0, query.limit);
  return { rows: page, next: page.length < found.length ? (page.at(-1)?.jobId ?? "") : "" };
}

function isFound({ tenant, outcomes, tags, ranges }: ListQuery, row: StoredRow): boolean {
  const own = readTags(row.tags);
  return (
    row.tenant === tenant &&
    outcomes.includes(row.outcome) &&
    tags.every((tag) => own.includes(tag)) &&
    ranges.some(({ from, to }) => Buffer.compare(row.job, from) >= 0 && Buffer.compare(row.job, to) < 0)
  );
}
