import { JobServiceGetStatsResponse } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { toStatsJson } from "./stats-json.ts";

const cache = {
  hits: 4,
  coalesced: 1,
  misses: 2,
  bypassed: 3,
  bytes: 5_000,
  savedMs: 900,
  retrievalMs: 10,
  lost: 2,
  lostAgeMs: 3_001,
  tiers: [{ tier: "hot", hits: 5 }],
};
const cacheJson = {
  hits: 4,
  coalesced: 1,
  misses: 2,
  bypassed: 3,
  bytes: 5_000,
  savedMs: 900,
  lost: 2,
  meanRetrievalMs: 2.5,
  meanLostAgeMs: 1_500.5,
  tiers: { hot: 5 },
};

test("the result cache is shown in all, by operation and by effect, with means instead of sums", () => {
  const requests = { total: 10, succeeded: 10, failed: 0, cancelled: 0, cached: 5 };
  const stats = JobServiceGetStatsResponse.fromPartial({
    resultCache: cache,
    operations: [{ operation: "apply_effects", requests, savedMs: 900, cache }],
    effects: [{ effect: "blur", requests, cache: {} }],
  });
  const json = toStatsJson(stats);
  expect(json.resultCache).toEqual(cacheJson);
  expect(json.operations).toEqual({ apply_effects: { ...requests, savedMs: 900, latency: null, cache: cacheJson } });
  const nothing = { hits: 0, coalesced: 0, misses: 0, bypassed: 0, bytes: 0, savedMs: 0, lost: 0, tiers: {} };
  expect(json.effects).toEqual({
    blur: { ...requests, cache: { ...nothing, meanRetrievalMs: null, meanLostAgeMs: null } },
  });
});

test("storage and its tiers have means of retrieval and of the age at eviction; null without counts", () => {
  const stats = JobServiceGetStatsResponse.fromPartial({
    storage: {
      blobs: 7,
      getsTotal: 4,
      evictedTotal: 2,
      retrievalSecondsTotal: 0.01,
      evictedAgeSecondsTotal: 7_200,
      tiers: [
        { tier: "hot", hitsTotal: 2, retrievalSecondsTotal: 0.001, evictedTotal: 0 },
        { tier: "cold", evictedTotal: 1, evictedAgeSecondsTotal: 60 },
      ],
    },
  });
  expect(toStatsJson(stats).storage).toMatchObject({
    blobs: 7,
    meanRetrievalMs: 2.5,
    meanEvictedAgeMs: 3_600_000,
    tiers: [
      { tier: "hot", meanRetrievalMs: 0.5, meanEvictedAgeMs: null },
      { tier: "cold", meanRetrievalMs: null, meanEvictedAgeMs: 60_000 },
    ],
  });
  expect(toStatsJson(JobServiceGetStatsResponse.create()).storage).toBeNull();
});
