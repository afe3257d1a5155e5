import fc from "fast-check";
import { expect, test } from "vitest";
import { createPollPauses as createWith } from "./poll-pauses.ts";

/** Without jitter. */
const createPollPauses = () => createWith(() => 0.5);

/** When a prediction that takes `tookMs` is read, from its start on. */
function readsOf(pauses: ReturnType<typeof createPollPauses>, tookMs: number): number[] {
  const next = pauses.begin("m");
  const reads = [0];
  while (reads.at(-1)! < tookMs) reads.push(reads.at(-1)! + next(reads.at(-1)!));
  return reads;
}

test("a model that is not known is read after 0.5 s, then in growing steps up to 5 s", () => {
  const reads = readsOf(createPollPauses(), 40_000);
  const steps = reads.slice(1).map((at, index) => at - reads[index]!);
  expect(steps.slice(0, 4)).toEqual([500, 750, 1_125, 1_687.5]);
  expect(steps.at(-1)).toBe(5_000);
});

test("a model whose time is known holds a call at most 3 % or 50 ms longer, with few reads", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 100, max: 300_000 }),
      fc.double({ min: 1, max: 1.4, noNaN: true }),
      (usualMs, factor) => {
        const pauses = createPollPauses();
        for (let at = 0; at < 4; at += 1) pauses.note("m", usualMs, usualMs);
        const tookMs = usualMs * factor;
        const reads = readsOf(pauses, tookMs);
        expect(reads.at(-1)! - tookMs).toBeLessThanOrEqual(Math.max(50, tookMs * 0.03) + 1e-6);
        expect(reads.length).toBeLessThan(20);
      },
    ),
  );
});

test("the usual time is learned from the reads alone, whether it is shorter or longer than the first pauses", () => {
  fc.assert(
    fc.property(fc.integer({ min: 60, max: 120_000 }), (tookMs) => {
      const pauses = createPollPauses();
      for (let at = 0; at < 64; at += 1) {
        const reads = readsOf(pauses, tookMs);
        pauses.note("m", reads.at(-2)!, reads.at(-1)!);
      }
      expect(readsOf(pauses, tookMs).at(-1)! - tookMs).toBeLessThanOrEqual(Math.max(60, tookMs * 0.05));
    }),
  );
});

test("a prediction that takes much longer than usual is read as one of a model that is not known", () => {
  const pauses = createPollPauses();
  for (let at = 0; at < 20; at += 1) pauses.note("m", 1_000, 1_000);
  const reads = readsOf(pauses, 60_000);
  expect(reads.length).toBeLessThan(60);
  expect(reads.at(-1)! - reads.at(-2)!).toBe(5_000);
});

test("models and their times are bounded, and three times are too few", () => {
  const pauses = createPollPauses();
  for (let at = 0; at < 3; at += 1) pauses.note("m", 10, 10);
  expect(pauses.begin("m")(0)).toBe(500);
  pauses.note("m", 10, 10);
  expect(pauses.begin("m")(0)).toBe(50);
  for (let at = 0; at < 256; at += 1) pauses.note(`n${at}`, 10, 10);
  expect(pauses.begin("m")(0)).toBe(500);
});

test("pauses of the first steps have 20 % jitter", () => {
  expect([createWith(() => 0).begin("m")(0), createWith(() => 1).begin("m")(0)]).toEqual([400, 600]);
});
