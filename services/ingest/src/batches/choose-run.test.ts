import { BatchProgress, BatchSpec } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { type BatchRun, createBatchRun } from "./batch-run.ts";
import { chooseRun } from "./choose-run.ts";

const announcement = { revision: 1 };
function openRun(batchId: string, tenant: string, sources: number): BatchRun {
  const spec = BatchSpec.fromPartial({ batchId, tenant, sources });
  return createBatchRun({ spec, progress: BatchProgress.create(), revision: 1 }, announcement, 64);
}

/** Chooses until no batch has a job to create. Returns the batches in turn. */
function chooseAll(runs: readonly BatchRun[], limits: Parameters<typeof chooseRun>[1]): string[] {
  const chosen: string[] = [];
  for (let next = chooseRun(runs, limits); next; next = chooseRun(runs, limits)) chosen.push(next.run.spec.batchId);
  return chosen;
}

test("batches take turns, up to the window of each, the limit of each tenant and that of all", () => {
  const limits = { window: 3, perTenant: 4, all: 100 };
  const runs = [openRun("a1", "ann", 10), openRun("a2", "ann", 10), openRun("b1", "bob", 10)];
  expect(chooseAll(runs, limits)).toEqual(["a1", "b1", "a2", "b1", "a1", "a2", "b1"]);
  expect(runs.map(({ open }) => open.size)).toEqual([2, 2, 3]);
  expect(chooseAll([openRun("c", "cay", 10), openRun("d", "dan", 10)], { ...limits, all: 4 })).toEqual([
    "c",
    "d",
    "c",
    "d",
  ]);
});

test("a batch without jobs to create is passed over", () => {
  const [small, large] = [openRun("small", "ann", 1), openRun("large", "ann", 3)];
  const chosen = chooseAll([small, large], { window: 10, perTenant: 10, all: 10 });
  expect(chosen.filter((batchId) => batchId === "large")).toHaveLength(3);
  expect(chosen).toHaveLength(4);
});
