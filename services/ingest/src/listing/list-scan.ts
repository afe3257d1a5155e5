import type { DatabaseSync } from "node:sqlite";
import { type IdRange, toJobId } from "./job-bytes.ts";
import { isListedByTags, type JobPage, type ListedJob, toListed } from "./job-page.ts";
import { everyJob, readTags } from "./job-tags.ts";

/** A search in the table `lists`. */
export type ListQuery = {
  readonly tenant: number;
  /** One of these. */
  readonly outcomes: readonly number[];
  /** All of these. */
  readonly tags: readonly number[];
  /** Newest first. */
  readonly ranges: readonly IdRange[];
  readonly limit: number;
};

/** A row of a list, with the tags of its job. */
type ListRow = { readonly job: Uint8Array; readonly outcome: number; readonly seq: number; readonly tags: Uint8Array };

/** At most about so many rows are read for one page of a query with several tags. */
const maxRead = 2_000;
/** At least so many of each outcome, so that the bound leaves progress. */
const minRead = 100;
/** The rarest tag is the one whose row of this number is the oldest. */
const sampleSize = 256;

/**
 * Returns a function that reads a page. With one tag or none, the page is the merged head of one range for each outcome. With several tags,
 * the list of the rarest one is read and the other tags are looked up; after about 2,000 rows the page ends, full or not.
 */
export function createListScan(db: DatabaseSync): (query: ListQuery) => JobPage {
  const inList = "lists.tenant = ? AND lists.tag = ? AND lists.outcome = ? AND lists.job >= ? AND lists.job < ?";
  const selectRows = db.prepare(`
    SELECT lists.job AS job, lists.outcome AS outcome, jobs.seq AS seq, jobs.tags AS tags
    FROM lists CROSS JOIN jobs ON jobs.job = lists.job WHERE ${inList} ORDER BY lists.job DESC LIMIT ?`);
  const selectSample = db.prepare(
    `SELECT job FROM lists WHERE ${inList} ORDER BY job DESC LIMIT 1 OFFSET ${sampleSize - 1}`,
  );

  /** Returns the tag of the fewest jobs near the end of the range. */
  function rarestTag({ tenant, tags }: ListQuery, outcome: number, { from, to }: IdRange): number {
    let [rarest = everyJob] = tags;
    let oldest: Uint8Array | undefined;
    if (tags.length <= 1) return rarest;
    for (const tag of tags) {
      const sample = selectSample.get(tenant, tag, outcome, from, to)?.job as Uint8Array | undefined;
      if (!sample) return tag;
      if (oldest && Buffer.compare(sample, oldest) >= 0) continue;
      oldest = sample;
      rarest = tag;
    }
    return rarest;
  }

  /** Reads a page of one range. `next` is empty if the range has no more rows. */
  function scanRange(query: ListQuery, { from, to }: IdRange): JobPage {
    const { tenant, outcomes, tags, limit } = query;
    const found: ListRow[] = [];
    // Rows below `end` are not complete, because the scan of an outcome ended there.
    let end = from;
    let isCut = false;
    for (const outcome of outcomes) {
      const isTagged = isListedByTags(outcome);
      const tag = isTagged ? rarestTag(query, outcome, { from: end, to }) : everyJob;
      const isFiltered = tags.length > (isTagged ? 1 : 0);
      const maxRows = isFiltered ? Math.max(minRead, Math.ceil(maxRead / outcomes.length)) : limit;
      const rows = selectRows.all(tenant, tag, outcome, end, to, maxRows) as unknown as ListRow[];
      const last = rows.at(-1);
      for (const row of rows) if (!isFiltered || hasTags(row.tags, tags)) found.push(row);
      if (rows.length < maxRows || !last) continue;
      end = last.job;
      isCut = true;
    }
    const complete = found.filter(({ job }) => Buffer.compare(job, end) >= 0);
    const rows = complete.sort((a, b) => Buffer.compare(b.job, a.job)).slice(0, limit);
    const last = rows.at(-1);
    if (rows.length === limit && last) return { rows: rows.map(toRow), next: toJobId(last.job) };
    return { rows: rows.map(toRow), next: isCut ? toJobId(end) : "" };
  }

  return (query) => {
    const rows: ListedJob[] = [];
    for (const range of query.ranges) {
      const page = scanRange({ ...query, limit: query.limit - rows.length }, range);
      rows.push(...page.rows);
      if (page.next !== "") return { rows, next: page.next };
    }
    return { rows, next: "" };
  };
}

function toRow({ job, outcome, seq }: ListRow): ListedJob {
  return toListed(job, outcome, seq);
}

function hasTags(bytes: Uint8Array, wanted: readonly number[]): boolean {
  const tags = readTags(bytes);
  return wanted.every((tag) => tags.includes(tag));
}
