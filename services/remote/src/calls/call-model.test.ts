import { AppError } from "@pixelmesh/errors";
import { WorkClass } from "@pixelmesh/proto";
import { expect, test, vi } from "vitest";
import { createMemoryPredictions } from "../../test/support/memory-predictions.ts";
import { defaultCallLimits, type ManifestModel } from "../domain/manifest.ts";
import type { Provider, ProviderAnswer } from "../domain/provider.ts";
import { callModel } from "./call-model.ts";
import type { CallParts, OpenProvider } from "./call-parts.ts";
import { createProviderGate } from "./provider-gate.ts";

const model: ManifestModel = {
  name: "m",
  provider: "p",
  version: "1",
  workClass: WorkClass.LIGHT,
  timeoutMs: 60_000,
  price: { perCallMicros: 100, perSecondMicros: 10, expectedSeconds: 5 },
  licenceNote: "",
  description: "",
  capabilities: [],
  parameters: [],
  picture: { as: "data_uri", format: "png", maxSidePx: 0 },
  input: {},
  http: undefined,
  digest: "digest",
};
const planned = { model, parameters: {}, pictures: [], inputDigest: "input" };
const step = { tenant: "t", jobId: "j", stepId: "s", attempt: 1 };
const answer: ProviderAnswer = { output: "picture", computeSeconds: 3 };
/** An answer that never comes: the wait ends with its signal. */
const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));

/** A scripted provider at our own port; the adapters are tested against a server. */
function setUp(scripted: Partial<Provider> = {}) {
  const clock = { ms: 0, nowMs: () => clock.ms };
  const provider = {
    name: "p",
    hasList: scripted.hasList ?? true,
    isIdempotent: scripted.isIdempotent ?? (() => false),
    start: vi.fn(scripted.start ?? (async () => ({ kind: "prediction" as const, id: "id" }))),
    wait: vi.fn(scripted.wait ?? (async () => answer)),
    cancel: vi.fn(scripted.cancel ?? (async () => {})),
    find: vi.fn(scripted.find ?? (async () => undefined)),
  };
  const predictions = createMemoryPredictions();
  const budgets = {
    reserve: vi.fn(async (_call: { readonly callId: string }) => {}),
    settle: vi.fn(async (_call: { readonly callId: string; readonly micros: number }) => {}),
  };
  const counted = vi.fn((_name: string, _labels: object) => {});
  const log = { info() {}, warn() {}, debug() {}, error() {} };
  const parts = {
    base: { log, metrics: { count: counted, observe() {} } },
    predictions,
    budgets,
    nowUnixMs: () => 1_000_000,
  } as unknown as CallParts;
  const settings = { name: "p", kind: "http", limits: defaultCallLimits } as OpenProvider["settings"];
  const open: OpenProvider = { settings, provider, gate: createProviderGate("p", clock) };
  const call = (change: Partial<typeof step> = {}, signal = new AbortController().signal, plan = planned) =>
    callModel(parts, open, { ...step, ...change }, plan, { signal, onProgress() {} });
  return { provider, predictions, budgets, open, counted, call };
}

test("the entry is there before the call, has the id before the wait, and stays until the result is stored", async () => {
  const seen: unknown[] = [];
  const { predictions, budgets, call } = setUp({
    start: async () => {
      seen.push(predictions.entries().map(({ predictionId }) => predictionId));
      return { kind: "prediction", id: "id" };
    },
    wait: async () => {
      seen.push(predictions.entries().map(({ predictionId }) => predictionId));
      return answer;
    },
  });
  const result = await call();
  expect(seen).toEqual([[""], ["id"]]);
  // 100 a call, and 10 for each of the 3 seconds that the provider computed; the estimate has 5.
  expect(result).toMatchObject({ answer, estimateMicros: 150, actualMicros: 130 });
  expect(budgets.reserve).toHaveBeenCalledWith(expect.objectContaining({ tenant: "t", micros: 150 }));
  expect(budgets.settle).toHaveBeenCalledWith(expect.objectContaining({ tenant: "t", micros: 130 }));
  expect(predictions.keys()).toEqual(["t.j.s"]);
  await result.forget();
  expect(predictions.keys()).toEqual([]);
});

test("a stopping worker leaves its prediction to the next one, which waits for it and makes no call", async () => {
  const { provider, call } = setUp({ wait: async (_model, _id, signal) => untilAborted(signal) });
  const stopping = new AbortController();
  const first = call({}, stopping.signal);
  await vi.waitFor(() => expect(provider.wait).toHaveBeenCalled());
  stopping.abort(new AppError("STOPPING", "stopping"));
  await expect(first).rejects.toMatchObject({ reason: "STOPPING" });
  expect(provider.cancel).not.toHaveBeenCalled();
  provider.wait.mockResolvedValue(answer);
  await expect(call({ attempt: 2 })).resolves.toMatchObject({ answer });
  expect(provider.start).toHaveBeenCalledTimes(1);
  expect(provider.wait.mock.calls.map(([, id]) => id)).toEqual(["id", "id"]);
});

test.each(["CANCELLED", "DEADLINE_EXCEEDED", "MEMORY_PRESSURE", "GRANT_EXPIRED"] as const)(
  "after %s the prediction is cancelled at the provider and forgotten",
  async (reason) => {
    const { provider, predictions, call } = setUp({ wait: async (_model, _id, signal) => untilAborted(signal) });
    const ending = new AbortController();
    const calling = call({}, ending.signal);
    await vi.waitFor(() => expect(provider.wait).toHaveBeenCalled());
    ending.abort(new AppError(reason, "ended"));
    await expect(calling).rejects.toMatchObject({ reason });
    expect(provider.cancel.mock.calls.map(([, id]) => id)).toEqual(["id"]);
    expect(predictions.keys()).toEqual([]);
  },
);

test("a rate limit leaves nothing behind, closes the gate, and costs nothing", async () => {
  const limit = new AppError("PROVIDER_BUSY", "429", { retryAfterMs: 7_000, metadata: { created: "no" } });
  const { predictions, budgets, open, call } = setUp({ start: async () => Promise.reject(limit) });
  await expect(call()).rejects.toMatchObject({ reason: "PROVIDER_BUSY" });
  expect(predictions.keys()).toEqual([]);
  expect(budgets.settle).toHaveBeenCalledWith(expect.objectContaining({ micros: 0 }));
  expect(open.gate.read().closedForMs).toBe(7_000);
});

test("a call whose answer was lost is looked for before another one is made", async () => {
  const lost = new AppError("PROVIDER_FAILED", "cut");
  const { provider, predictions, call } = setUp({ start: async () => Promise.reject(lost) });
  await expect(call()).rejects.toMatchObject({ reason: "PROVIDER_FAILED" });
  expect(predictions.keys()).toEqual(["t.j.s"]);
  provider.find.mockResolvedValue("found");
  await expect(call({ attempt: 2 })).resolves.toMatchObject({ answer });
  expect(provider.start).toHaveBeenCalledTimes(1);
  expect(provider.wait.mock.calls.map(([, id]) => id)).toEqual(["found"]);
});

test("a provider with neither a list nor keys is called again under a reservation of its own, because both calls may be charged", async () => {
  const { provider, predictions, budgets, call } = setUp({
    hasList: false,
    start: async () => ({ kind: "answer", answer }),
  });
  // The first answer was paid for, and could not be read.
  await call();
  expect((await call({ attempt: 2 })).actualMicros).toBe(130);
  const reserved = budgets.reserve.mock.calls.map(([{ callId }]) => callId);
  expect(new Set(reserved).size).toBe(2);
  expect(provider.start.mock.calls.map(([{ callId }]) => callId)).toEqual(reserved);
  // Settled when answered, counted once more as made, which changes nothing, and settled when answered.
  expect(budgets.settle.mock.calls.map(([{ callId, micros }]) => [callId, micros])).toEqual([
    [reserved[0], 130],
    [reserved[0], 150],
    [reserved[1], 130],
  ]);
  expect(predictions.entries().map(({ callId }) => callId)).toEqual([reserved[1]]);
});

test("a call that is made again needs a budget, and is not made without", async () => {
  const { provider, budgets, open, counted, call } = setUp({
    hasList: false,
    start: async () => Promise.reject(new AppError("PROVIDER_FAILED", "cut")),
  });
  await expect(call()).rejects.toMatchObject({ reason: "PROVIDER_FAILED" });
  budgets.reserve.mockRejectedValueOnce(new AppError("BUDGET_EXCEEDED", "spent"));
  counted.mockClear();
  await expect(call({ attempt: 2 })).rejects.toMatchObject({ reason: "BUDGET_EXCEEDED" });
  expect(provider.start).toHaveBeenCalledTimes(1);
  const [lost] = budgets.reserve.mock.calls.map(([{ callId }]) => callId);
  // The provider may have charged for the call whose answer was lost.
  expect(budgets.settle).toHaveBeenLastCalledWith(expect.objectContaining({ callId: lost, micros: 150 }));
  const outcomes = counted.mock.calls.filter(([name]) => name === "pixelmesh_provider_requests_total");
  expect(outcomes).toEqual([]);
  // The right to the extra call was given back.
  for (let n = 0; n < 10; n += 1) expect(open.gate.retries.take()).toBe(true);
});

test("credentials that cannot be read leave nothing behind, and speak not against the provider", async () => {
  const missing = new AppError("PROVIDER_NOT_CONFIGURED", "no file", { metadata: { created: "no" } });
  const { predictions, budgets, open, counted, call } = setUp({ start: async () => Promise.reject(missing) });
  for (let n = 0; n < 30; n += 1)
    await expect(call({ jobId: `j${n}` })).rejects.toMatchObject({ reason: "PROVIDER_NOT_CONFIGURED" });
  expect(open.gate.read().closedForMs).toBe(0);
  expect(predictions.keys()).toEqual([]);
  expect(budgets.settle).toHaveBeenLastCalledWith(expect.objectContaining({ micros: 0 }));
  expect(counted).not.toHaveBeenCalled();
});

test("while a provider is closed, a call that may have been made keeps its entry, and is repeated with the same key", async () => {
  const lost = new AppError("PROVIDER_FAILED", "cut");
  const { provider, predictions, open, call } = setUp({ isIdempotent: () => true });
  provider.start.mockRejectedValueOnce(lost);
  await expect(call()).rejects.toMatchObject({ reason: "PROVIDER_FAILED" });
  const [before] = predictions.entries();
  open.gate.close(1_000);
  await expect(call({ attempt: 2 })).rejects.toMatchObject({ reason: "PROVIDER_BUSY" });
  expect(predictions.entries()).toEqual([before]);
});

test("a prediction that failed is forgotten, and the next attempt makes another call", async () => {
  const failed = new AppError("PROVIDER_FAILED", "failed", { metadata: { prediction: "ended" } });
  const { provider, predictions, call } = setUp();
  provider.wait.mockRejectedValueOnce(failed);
  await expect(call()).rejects.toMatchObject({ reason: "PROVIDER_FAILED" });
  expect(predictions.keys()).toEqual([]);
  await expect(call({ attempt: 2 })).resolves.toMatchObject({ answer });
  expect(provider.start).toHaveBeenCalledTimes(2);
});

test("further attempts take from the budget of extra calls, and without it no call is made", async () => {
  const { provider, call } = setUp();
  for (let n = 0; n < 10; n += 1) await (await call({ attempt: 2, jobId: `j${n}` })).forget();
  await expect(call({ attempt: 2, jobId: "late" })).rejects.toMatchObject({ reason: "PROVIDER_FAILED" });
  expect(provider.start).toHaveBeenCalledTimes(10);
  for (let n = 0; n < 5; n += 1) await (await call({ jobId: `first${n}` })).forget();
  await expect(call({ attempt: 2, jobId: "late" })).resolves.toMatchObject({ answer });
});

test("the prediction of another input is cancelled, and the call is made for this one", async () => {
  const { provider, call } = setUp();
  await call();
  const result = await call({ attempt: 2 }, undefined, { ...planned, inputDigest: "other" });
  expect(provider.cancel.mock.calls.map(([, id]) => id)).toEqual(["id"]);
  expect(provider.start).toHaveBeenCalledTimes(2);
  await result.forget();
});
