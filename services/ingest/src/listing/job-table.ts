import { DatabaseSync } from "node:sqlite";
import { idRanges, toBytes } from "./job-bytes.ts";
import { type JobPage, reasonOf, stateOf, toOutcome } from "./job-page.ts";
import type { JobQuery } from "./job-query.ts";
import type { JobRow } from "./job-row.ts";
import { createJobTags } from "./job-tags.ts";
import { createListScan } from "./list-scan.ts";
import { pageOfNamed } from "./named-jobs.ts";
import { createRowWriter, type StoredRow } from "./row-writer.ts";
import { createTenants } from "./tenants.ts";

/**
 * Jobs by tenant, state, reason, label, operation and time, in a file that can be rebuilt from the bucket `jobs` at any time. A page
 * may, with a probability of 1 in 10^14 for each job, show a job that does not have the label or operation: see `createJobTags`.
 */
export type JobTable = {
  /** Adds or replaces rows in one transaction. Keeps a stored row that is newer. */
  put(rows: Iterable<JobRow>): void;
  /** Returns the tenant of a job; undefined if the job is not in the table. */
  tenantOf(jobId: string): string | undefined;
  /**
   * Returns at most `limit` jobs that meet a query and are older than `before` (empty: from the newest). Reads a bounded number of
   * rows, so a page of a query with several labels or operations may end early.
   */
  page(query: JobQuery, before: string, limit: number): JobPage;
  /** Removes a job unless its row is newer than `sequence`. */
  drop(jobId: string, sequence: number): void;
  /** Removes jobs whose record lies below a sequence, at most 1,000 of them. Returns whether there may be more. */
  dropBelow(sequence: number): boolean;
  clear(): void;
  count(): number;
  close(): void;
};

const cacheKiB = 8_192;
const maxDropped = 1_000;

/**
 * Creates a table at `path`. The table `lists` has each job once under `everyJob` and once under each of its tags, ordered by state
 * and reason, then by id. Ids sort by time, so a page is a few ranges of it. The file has no journal, because it is never opened a second time.
 */
export function createJobTable(path: string): JobTable {
  const db = new DatabaseSync(path);
  db.exec(`
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA cache_size = -${cacheKiB};
  `);
  const tenants = createTenants(db);
  const writer = createRowWriter(db);
  const tags = createJobTags();
  const scan = createListScan(db);
  const selectJob = db.prepare("SELECT job, tenant, outcome, seq, tags FROM jobs WHERE job = ?");
  const selectBelow = db.prepare("SELECT job, tenant, outcome, seq, tags FROM jobs WHERE seq < ? LIMIT ?");
  const countJobs = db.prepare("SELECT count(*) AS jobs FROM jobs");
  const find = (jobId: string) => selectJob.get(toBytes(jobId)) as StoredRow | undefined;
  /** The states and reasons that any row had. Few, because both are enums. */
  const outcomes = new Set<number>();

  function inTransaction(act: () => void): void {
    db.exec("BEGIN");
    act();
    db.exec("COMMIT");
  }

  function putRow(row: JobRow): void {
    const before = find(row.jobId);
    if (before && before.seq >= row.sequence) return;
    const outcome = toOutcome(row.state, row.reason);
    outcomes.add(outcome);
    writer.write(before, {
      job: toBytes(row.jobId),
      tenant: tenants.add(row.tenant),
      outcome,
      seq: row.sequence,
      tags: tags.ofRow(row),
    });
  }

  return {
    put(rows) {
      inTransaction(() => {
        for (const row of rows) putRow(row);
      });
    },
    tenantOf(jobId) {
      const row = find(jobId);
      return row && tenants.nameOf(row.tenant);
    },
    page(query, before, limit) {
      const tenant = tenants.find(query.tenant);
      if (tenant === undefined) return { rows: [], next: "" };
      const wanted = [...outcomes].filter((outcome) => isWanted(query, outcome));
      const ranges = idRanges(query.createdAfterUnixMs, query.createdBeforeUnixMs, before);
      const lists = { tenant, outcomes: wanted, tags: tags.ofQuery(query), ranges, limit };
      if (query.jobIds.length === 0) return scan(lists);
      const named = [...new Set(query.jobIds)].flatMap((jobId) => find(jobId) ?? []);
      return pageOfNamed(lists, named);
    },
    drop(jobId, sequence) {
      const row = find(jobId);
      if (row && row.seq <= sequence) inTransaction(() => writer.remove(row));
    },
    dropBelow(sequence) {
      const rows = selectBelow.all(sequence, maxDropped) as unknown as StoredRow[];
      inTransaction(() => {
        for (const row of rows) writer.remove(row);
      });
      return rows.length === maxDropped;
    },
    clear() {
      db.exec("DELETE FROM jobs; DELETE FROM lists");
      outcomes.clear();
    },
    count: () => Number(countJobs.get()?.jobs),
    close: () => db.close(),
  };
}

function isWanted({ states, reasons }: JobQuery, outcome: number): boolean {
  return states.includes(stateOf(outcome)) && (reasons.length === 0 || reasons.includes(reasonOf(outcome)));
}
