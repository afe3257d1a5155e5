import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { createJobId } from "../domain/job-id.ts";
import { createJobTable, type JobRow } from "./job-table.ts";

function openTable() {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-table-"));
  const table = createJobTable(join(dir, "jobs.db"));
  onTestFinished(() => {
    table.close();
    rmSync(dir, { recursive: true });
  });
  return table;
}

const states = [0, 1, 2, 3, 4];
const newId = (unixMs: number, random: number) =>
  createJobId(unixMs, new Uint8Array(16).fill(random), { tenant: "", requestId: "" });

const anyRow = fc.record({
  jobId: fc
    .tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 3 }), fc.constantFrom("j1", "j2"))
    .map(([ms, random, version]) => newId(1_700_000_000_000 + ms, random).replace("j2", version)),
  tenant: fc.constantFrom("a", "b"),
  state: fc.constantFrom(...states),
  sequence: fc.integer({ min: 1, max: 1_000 }),
});

/** The expected rows, computed with a plain map. */
function inMap(rows: readonly JobRow[]): JobRow[] {
  const known = new Map<string, JobRow>();
  for (const row of rows) if ((known.get(row.jobId)?.sequence ?? 0) < row.sequence) known.set(row.jobId, row);
  return [...known.values()].sort((a, b) => (a.jobId < b.jobId ? 1 : -1));
}

test("pages of any size list the same jobs as a plain map, newest first, each job once", () => {
  const table = openTable();
  fc.assert(
    fc.property(
      fc.array(anyRow, { maxLength: 60 }),
      fc.constantFrom("a", "b", "c"),
      fc.subarray(states, { minLength: 1 }),
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 1, max: 1_000 }),
      (rows, tenant, wanted, size, first) => {
        table.clear();
        table.put(rows);
        table.dropBelow(first);
        const shown: JobRow[] = [];
        for (;;) {
          const page = table.page(tenant, wanted, shown.at(-1)?.jobId ?? "", size);
          shown.push(...page);
          if (page.length < size) break;
        }
        const kept = inMap(rows).filter(({ sequence }) => sequence >= first);
        expect(shown).toEqual(kept.filter((row) => row.tenant === tenant && wanted.includes(row.state)));
        expect(table.count()).toBe(kept.length);
      },
    ),
    { numRuns: 200 },
  );
});

test("drop keeps a newer row, and tenantOf returns the tenant of a listed job", () => {
  const table = openTable();
  const jobId = newId(1_700_000_000_000, 0);
  table.put([{ jobId, tenant: "a", state: 1, sequence: 5 }]);
  table.drop(jobId, 4);
  expect(table.tenantOf(jobId)).toBe("a");
  table.drop(jobId, 5);
  expect([table.tenantOf(jobId), table.count()]).toEqual([undefined, 0]);
});
