import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { createdUnixMsOf, createJobId } from "../domain/job-id.ts";
import { allJobsOf, type JobQuery } from "./job-query.ts";
import type { JobRow } from "./job-row.ts";
import { createJobTable, type JobTable } from "./job-table.ts";

function openTable() {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-table-"));
  const table = createJobTable(join(dir, "jobs.db"));
  onTestFinished(() => {
    table.close();
    rmSync(dir, { recursive: true });
  });
  return table;
}

const [states, reasons, labels, operations] = [
  [0, 1, 2, 3, 4],
  [0, 22, 81, 127],
  ["a", "b", "batch:b1"],
  ["upscale", "prescale"],
];
const firstMs = 1_700_000_000_000;
const newId = (unixMs: number, random: number) =>
  createJobId(unixMs, new Uint8Array(16).fill(random), { tenant: "", requestId: "" });
const anyId = fc
  .tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 3 }), fc.constantFrom("j1", "j2"))
  .map(([ms, random, version]) => newId(firstMs + ms, random).replace("j2", version));

const anyRow: fc.Arbitrary<JobRow> = fc.record({
  jobId: anyId,
  tenant: fc.constantFrom("a", "b"),
  state: fc.constantFrom(...states),
  reason: fc.constantFrom(...reasons),
  labels: fc.subarray(labels),
  operations: fc.subarray(operations),
  sequence: fc.integer({ min: 1, max: 1_000 }),
});

const anyQuery: fc.Arbitrary<JobQuery> = fc.record({
  tenant: fc.constantFrom("a", "b", "c"),
  states: fc.subarray(states, { minLength: 1 }),
  reasons: fc.oneof(fc.constant([]), fc.subarray(reasons)),
  labels: fc.oneof(fc.constant([]), fc.subarray(labels)),
  operations: fc.oneof(fc.constant([]), fc.subarray(operations)),
  createdAfterUnixMs: fc.constantFrom(0, firstMs + 10),
  createdBeforeUnixMs: fc.constantFrom(0, firstMs + 20),
  jobIds: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(anyId, { maxLength: 40 })),
  isRetryable: fc.boolean(),
});

/** The expected rows of a table, computed with a plain map: the newest row of each job, newest job first. */
function inMap(rows: readonly JobRow[]): JobRow[] {
  const known = new Map<string, JobRow>();
  for (const row of rows) if ((known.get(row.jobId)?.sequence ?? 0) < row.sequence) known.set(row.jobId, row);
  return [...known.values()].sort((a, b) => (a.jobId < b.jobId ? 1 : -1));
}

/** Whether a row meets a query, written as the contract says it. */
function isWanted(row: JobRow, query: JobQuery): boolean {
  const createdMs = createdUnixMsOf(row.jobId);
  const isOneOf = (list: readonly unknown[], value: unknown) => list.length === 0 || list.includes(value);
  return (
    row.tenant === query.tenant &&
    query.states.includes(row.state) &&
    isOneOf(query.reasons, row.reason) &&
    isOneOf(query.jobIds, row.jobId) &&
    new Set(query.labels).isSubsetOf(new Set(row.labels)) &&
    new Set(query.operations).isSubsetOf(new Set(row.operations)) &&
    createdMs >= query.createdAfterUnixMs &&
    createdMs < (query.createdBeforeUnixMs || Number.POSITIVE_INFINITY) &&
    (!query.isRetryable || ([3, 4].includes(row.state) && !row.labels.includes("batch:b1")))
  );
}

/** Reads all pages. */
function listAll(table: JobTable, query: JobQuery, size: number) {
  const shown = [];
  for (let before = ""; ; ) {
    const page = table.page(query, before, size);
    expect(page.rows.length).toBeLessThanOrEqual(size);
    shown.push(...page.rows);
    if (page.next === "") return shown;
    before = page.next;
  }
}

const toListed = ({ jobId, state, sequence }: JobRow) => ({ jobId, state, sequence });

test("pages of any size of any query list the same jobs as a plain array, newest first, each job once", () => {
  const table = openTable();
  fc.assert(
    fc.property(
      fc.array(fc.array(anyRow, { maxLength: 40 }), { maxLength: 3 }),
      anyQuery,
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 1, max: 1_000 }),
      (puts, query, size, first) => {
        table.clear();
        for (const rows of puts) table.put(rows);
        while (table.dropBelow(first));
        // A row that was dropped may have been newer than the rows put after it, so all rows are put before.
        const kept = inMap(puts.flat()).filter(({ sequence }) => sequence >= first);
        expect(listAll(table, query, size)).toEqual(kept.filter((row) => isWanted(row, query)).map(toListed));
        expect(table.count()).toBe(kept.length);
      },
    ),
    { numRuns: 1_000 },
  );
});

test("a query of several labels finds its few jobs among thousands that have one of them", () => {
  const table = openTable();
  const rows = Array.from({ length: 20_000 }, (_, at): JobRow => {
    // Every 5,000th job has both.
    const labels = at % 5_000 === 17 ? ["a", "b"] : [at % 2 === 0 ? "a" : "b"];
    const jobId = newId(firstMs + at, 1);
    return { jobId, tenant: "t", state: 2, reason: 0, labels, operations: [], sequence: at + 1 };
  });
  table.put(rows);
  const wanted = rows.filter(({ labels }) => labels.length === 2).reverse();
  const query = { ...allJobsOf("t"), labels: ["a", "b"] };
  expect(listAll(table, query, 3)).toEqual(wanted.map(toListed));
  // The bound: one page reads part of the jobs.
  expect(table.page(query, "", 3).rows.length).toBeLessThan(3);
});

test("drop keeps a newer row, and tenantOf returns the tenant of a listed job", () => {
  const table = openTable();
  const jobId = newId(firstMs, 0);
  table.put([{ jobId, tenant: "a", state: 1, reason: 0, labels: ["x"], operations: [], sequence: 5 }]);
  table.drop(jobId, 4);
  expect(table.tenantOf(jobId)).toBe("a");
  table.drop(jobId, 5);
  expect([table.tenantOf(jobId), table.count()]).toEqual([undefined, 0]);
  expect(table.page({ ...allJobsOf("a"), labels: ["x"] }, "", 10).rows).toEqual([]);
});

test("dropBelow removes 1,000 jobs at a time", () => {
  const table = openTable();
  const rows = Array.from({ length: 1_500 }, (_, at): JobRow => {
    return {
      jobId: newId(firstMs + at, 1),
      tenant: "t",
      state: 1,
      reason: 0,
      labels: [],
      operations: [],
      sequence: at,
    };
  });
  table.put(rows);
  expect([table.dropBelow(1_400), table.count()]).toEqual([true, 500]);
  expect([table.dropBelow(1_400), table.count()]).toEqual([false, 100]);
});
