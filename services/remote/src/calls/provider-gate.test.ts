import { expect, test, vi } from "vitest";
import { createProviderGate } from "./provider-gate.ts";

function openGate() {
  const clock = { ms: 1_000, nowMs: () => clock.ms };
  const onClosed = vi.fn();
  return { clock, onClosed, gate: createProviderGate("p", clock, onClosed) };
}

test("a rate limit closes it for the time that the provider names, or 5 s, at most an hour; a shorter one does not open it earlier", () => {
  const { clock, gate, onClosed } = openGate();
  gate.close(30_000);
  expect(gate.read()).toMatchObject({ closedForMs: 30_000, announcedForMs: 30_000, closedWhy: "rate limit or quota" });
  gate.close(1_000);
  expect(gate.read().closedForMs).toBe(30_000);
  expect(onClosed.mock.calls).toEqual([["rate_limit", 30_000]]);
  expect(() => gate.begin()).toThrow(expect.objectContaining({ reason: "PROVIDER_BUSY", retryAfterMs: 30_000 }));
  clock.ms += 30_000;
  gate.begin()("succeeded");
  gate.close(undefined);
  expect(gate.read().closedForMs).toBe(5_000);
  gate.close(7 * 24 * 3_600_000);
  expect(gate.read().closedForMs).toBe(3_600_000);
});

test("after failures one call is tried at a time: further ones are refused until it has ended", () => {
  const { clock, gate, onClosed } = openGate();
  for (let n = 0; n < 5; n += 1) gate.begin()("failed");
  expect(onClosed.mock.calls).toEqual([["failures", 30_000]]);
  expect(gate.read()).toMatchObject({ closedForMs: 30_000, announcedForMs: 32_000, isProbing: false });
  clock.ms += 30_000;
  expect(gate.read()).toMatchObject({ closedForMs: 0, announcedForMs: 0, isProbing: true });
  const end = gate.begin();
  expect(() => gate.begin()).toThrow(expect.objectContaining({ reason: "PROVIDER_BUSY" }));
  end("succeeded");
  end("failed");
  expect(gate.read()).toMatchObject({ closedForMs: 0, isProbing: false });
  gate.begin();
  gate.begin();
});

test("refusals are answers and count as successes, and calls that were cut off count as nothing", () => {
  const { gate } = openGate();
  for (let n = 0; n < 4; n += 1) gate.begin()("failed");
  gate.begin()("refused");
  for (let n = 0; n < 4; n += 1) gate.begin()("failed");
  for (let n = 0; n < 9; n += 1) gate.begin()("unknown");
  expect(gate.read().closedForMs).toBe(0);
  gate.begin()("failed");
  expect(gate.read().closedForMs).toBe(30_000);
});
