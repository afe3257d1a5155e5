import type { AppError } from "@pixelmesh/errors";
import { expect, test } from "vitest";
import { createGate } from "./create-gate.ts";

const refusal = (enter: () => unknown): AppError | undefined => {
  try {
    enter();
    return undefined;
  } catch (error) {
    return error as AppError;
  }
};

test("one tenant may have at most half of the calls in progress", () => {
  let refused = 0;
  const gate = createGate(4, () => refused++);
  gate.enter("flood");
  gate.enter("flood");
  expect(refusal(() => gate.enter("flood"))).toMatchObject({ reason: "QUEUE_FULL" });
  const leave = gate.enter("other");
  gate.enter("third");
  expect(refusal(() => gate.enter("fourth"))).toMatchObject({ reason: "QUEUE_FULL" });
  expect(gate.inProgress).toBe(4);
  leave();
  leave();
  expect(gate.inProgress).toBe(3);
  gate.enter("fourth");
  expect(refused).toBe(2);
});

test("a refusal has a retry time between 0.5 s and 10 s, spread by a quarter", () => {
  const gate = createGate(2, () => {});
  gate.enter("a");
  for (let at = 0; at < 100; at++) {
    const waitMs = refusal(() => gate.enter("a"))?.retryAfterMs ?? 0;
    expect(waitMs).toBeGreaterThanOrEqual(375);
    expect(waitMs).toBeLessThanOrEqual(12_500);
  }
});
