import { JobRecord, JobSpec, JobState, PlannedStep, StepState } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { costsOfTenant, createCostRecorder, mergeCosts, mergeFeatures, remoteCostsOf } from "./remote-costs.ts";

const cost = { estimateMicros: 1_000, actualMicros: 0, savedMicros: 0, currency: "EUR", provider: "acme" };

/** An ended job of one step by a hosted model. */
function job(tenant: string, feature: string, actualMicros: number, cached = false) {
  const spec = JobSpec.create({
    tenant,
    feature,
    steps: [
      PlannedStep.create({
        step: {
          id: "a",
          inputs: [],
          operation: { $case: "remoteModel", value: { model: "m", parameters: {}, result: 1 } },
        },
        cost,
      }),
    ],
  });
  const provenance = { model: "m", cost: { ...cost, actualMicros } };
  const record = JobRecord.fromPartial({
    state: JobState.SUCCEEDED,
    steps: [{ id: "a", state: StepState.SUCCEEDED, cached, result: { provenance } }],
  });
  return [spec, record] as const;
}

test("a cached result costs nothing, and says what its call had cost", () => {
  expect(remoteCostsOf(...job("t", "", 800))).toEqual([
    { provider: "acme", model: "m", currency: "EUR", costMicros: 800, savedMicros: 0, isCached: false },
  ]);
  expect(remoteCostsOf(...job("t", "", 800, true))).toMatchObject([
    { costMicros: 0, savedMicros: 800, isCached: true },
  ]);
});

test("costs are counted by feature and by tenant, of all replicas together; a tenant sees its own", () => {
  const [first, second] = [createCostRecorder(), createCostRecorder()];
  first.record(...job("a", "style@1", 800));
  first.record(...job("b", "", 50));
  second.record(...job("a", "style@1", 800, true));
  const parts = [first.read(), second.read()];
  expect(mergeFeatures(parts.flatMap(({ features }) => features))).toEqual([
    {
      feature: "style@1",
      jobs: { total: 2, succeeded: 2, failed: 0, cancelled: 0, cached: 1 },
      costMicros: 800,
      savedMicros: 800,
    },
  ]);
  const costs = mergeCosts(parts.map((part) => part.costs));
  expect(costsOfTenant(costs, "a")).toEqual({
    currency: "EUR",
    calls: 1,
    costMicros: 800,
    savedMicros: 800,
    tenants: [],
  });
  expect(costsOfTenant(costs, "b")).toMatchObject({ costMicros: 50 });
  expect(costsOfTenant(costs, "c")).toBeUndefined();
});

test("the counts are bounded: further tenants and features are one", () => {
  const recorder = createCostRecorder();
  for (let at = 0; at < 2_000; at++) recorder.record(...job(`tenant-${at}`, `feature-${at}@1`, 1));
  const { features, costs } = recorder.read();
  expect(features.length).toBe(129);
  expect(costs.tenants.length).toBe(513);
  expect(costs.tenants.reduce((sum, { costMicros }) => sum + costMicros, 0)).toBe(2_000);
  expect(features.reduce((sum, { costMicros }) => sum + costMicros, 0)).toBe(2_000);
});
