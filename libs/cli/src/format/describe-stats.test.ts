import { JobServiceGetStatsResponse } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { describeStats } from "./describe-stats.ts";

test("the result cache has a row for all requests, each operation and each effect, and the tiers one each", () => {
  const cache = {
    hits: 4,
    coalesced: 1,
    misses: 2,
    bypassed: 3,
    bytes: 2_048,
    savedMs: 900,
    retrievalMs: 40,
    lost: 2,
    tiers: [
      { tier: "cold", hits: 1 },
      { tier: "hot", hits: 4 },
    ],
  };
  const text = describeStats(
    JobServiceGetStatsResponse.fromPartial({
      resultCache: cache,
      operations: [{ operation: "apply_effects", cache }],
      effects: [{ effect: "blur", cache: { misses: 1 } }],
      storage: {
        tiers: [
          { tier: "hot", blobs: 3, sizeBytes: 1_024, hitsTotal: 2, retrievalSecondsTotal: 0.03, missesTotal: 5 },
          { tier: "cold", evictedTotal: 2, evictedAgeSecondsTotal: 240 },
        ],
      },
    }),
  );
  const cells = (name: string) =>
    text
      .split("\n")
      .filter((line) => line.trim().startsWith(`${name} `))
      .map((line) => line.trim().split(/ {2,}/));
  const row = ["4", "1", "2", "3", "2.0 KiB", "900 ms", "10 ms", "2", "cold 1, hot 4"];
  expect(cells("requests")).toContainEqual(["requests", ...row]);
  expect(cells("apply_effects")).toContainEqual(["apply_effects", ...row]);
  expect(cells("blur")).toEqual([["blur", "0", "0", "1", "0", "0 B", "0 ms", "-", "0"]]);
  expect(cells("hot")).toEqual([["hot", "3", "1.0 KiB", "2", "5", "15 ms", "-"]]);
  expect(cells("cold")).toEqual([["cold", "0", "0 B", "0", "0", "-", "2 min"]]);
});

test("a mesh without jobs and tiers has no tables of them", () => {
  const text = describeStats(JobServiceGetStatsResponse.create());
  expect(text).not.toContain("RESULT CACHE");
  expect(text).not.toContain("TIER");
});
