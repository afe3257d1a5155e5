import { expect, test } from "vitest";
import { createHeadSampler } from "./head-sampling.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";

/** Number of sampled traces among `count` traces of one name that begin evenly over `seconds`, after the first. */
function sample(options: { ratio: number; perSecond: number }, count: number, seconds: number): number {
  let nowMs = 5_000;
  const sampler = createHeadSampler({ ...options, now: () => nowMs });
  sampler.sample(traceId, "call");
  let sampled = 0;
  for (let at = 0; at < count; at++) {
    if (sampler.sample(traceId, "call")) sampled++;
    nowMs += (seconds * 1_000) / count;
  }
  return sampled;
}

test("the configured share is sampled while traces are few", () => {
  // 10 % of 20 a second for 500 s: 1,000 with a standard deviation of 30.
  const sampled = sample({ ratio: 0.1, perSecond: 100 }, 10_000, 500);
  expect(Math.abs(sampled - 1_000)).toBeLessThan(200);
  expect(sample({ ratio: 0, perSecond: 100 }, 1_000, 100)).toBe(0);
  expect(sample({ ratio: 1, perSecond: 1_000 }, 1_000, 100)).toBe(1_000);
});

test("the rate limit holds for any number of traces", () => {
  for (const perSecond of [1, 5, 50]) {
    const sampled = sample({ ratio: 1, perSecond }, 100_000, 100);
    // The bucket starts with the tokens of one second.
    expect(sampled).toBeLessThanOrEqual(perSecond * 101 + 1);
    expect(sampled).toBeGreaterThan(perSecond * 98);
  }
});

test("unused tokens of a quiet hour do not accumulate", () => {
  let nowMs = 0;
  const sampler = createHeadSampler({ ratio: 1, perSecond: 3, now: () => nowMs });
  sampler.sample(traceId, "call");
  nowMs = 3_600_000;
  const sampled = Array.from({ length: 10 }, () => sampler.sample(traceId, "call"));
  expect(sampled).toEqual([true, true, true, ...Array(7).fill(false)]);
});

test("a rate below one a second samples one trace now and then", () => {
  expect(sample({ ratio: 1, perSecond: 0.1 }, 1_000, 100)).toBeGreaterThanOrEqual(10);
  expect(sample({ ratio: 1, perSecond: 0.1 }, 1_000, 100)).toBeLessThanOrEqual(11);
});

test("the first trace of each name is kept at any share above 0 and at any rate", () => {
  const rare = createHeadSampler({ ratio: 1e-12, perSecond: 1 });
  const kept = (name: string) => rare.sample(traceId, name);
  expect(["upload", "create", "upload", "create", "read"].map(kept)).toEqual([true, true, false, false, true]);
  expect(createHeadSampler({ ratio: 0, perSecond: 1 }).sample(traceId, "create")).toBe(false);
});

test("the names that are remembered are bounded", () => {
  const rare = createHeadSampler({ ratio: 1e-12, perSecond: 1 });
  const kept = Array.from({ length: 1_000 }, (_, at) => rare.sample(traceId, `name ${at}`)).filter(Boolean);
  expect(kept.length).toBe(256);
});
