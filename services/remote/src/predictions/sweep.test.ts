import { JobRecord, JobState, PredictionEntry, StepState } from "@pixelmesh/proto";
import { expect, test, vi } from "vitest";
import { createMemoryPredictions } from "../../test/support/memory-predictions.ts";
import type { CallParts, OpenProvider } from "../calls/call-parts.ts";
import type { ManifestModel } from "../domain/manifest.ts";
import type { StoredPrediction } from "./prediction-store.ts";
import { sweepPredictions } from "./sweep.ts";

const nowUnixMs = 1_000_000;
function stored(jobId: string, change: Partial<PredictionEntry> = {}): StoredPrediction {
  const entry = PredictionEntry.fromPartial({
    model: "m",
    provider: "p",
    callId: `call of ${jobId}`,
    predictionId: `id of ${jobId}`,
    calledUnixMs: nowUnixMs - 60_000,
    reservedMicros: 700,
    ...change,
  });
  return { key: { tenant: "t", jobId, stepId: "s" }, entry, revision: 1 };
}

function setUp(entries: readonly StoredPrediction[], ended: Readonly<Record<string, [JobState, StepState]>>) {
  const predictions = createMemoryPredictions(entries);
  const cancel = vi.fn(async (_model: unknown, _id: string) => {});
  const settle = vi.fn(async (_call: { readonly callId: string; readonly micros: number }) => {});
  const log = { info() {}, warn() {}, debug() {}, error() {} };
  const calls = {
    base: { log, metrics: { count() {} } },
    predictions,
    budgets: { reserve: async () => {}, settle },
    nowUnixMs: () => nowUnixMs,
  } as unknown as CallParts;
  const records = {
    async get(key: string) {
      const states = ended[key.slice("record.".length)];
      if (states === undefined) return undefined;
      const [state, stepState] = states;
      const value = JobRecord.fromPartial({ state, steps: [{ id: "s", state: stepState }] });
      return { key, value, revision: 1, writtenUnixMs: 0 };
    },
  };
  const provider = { name: "p", cancel };
  const providers = new Map([["p", { provider } as unknown as OpenProvider]]);
  const models = new Map([["m", { name: "m" } as ManifestModel]]);
  const parts = { calls, records, models, providers };
  return { parts, predictions, cancel, settle };
}

test("predictions of jobs that are gone or have ended are cancelled, settled and removed; those of open steps and young ones stay", async () => {
  const entries = [
    stored("gone"),
    stored("cancelled"),
    stored("finished-step"),
    stored("open"),
    stored("young", { calledUnixMs: nowUnixMs - 5_000 }),
  ];
  const { parts, predictions, cancel, settle } = setUp(entries, {
    cancelled: [JobState.CANCELLED, StepState.RUNNING],
    "finished-step": [JobState.RUNNING, StepState.SUCCEEDED],
    open: [JobState.RUNNING, StepState.RUNNING],
  });
  await sweepPredictions(parts, 0);
  expect(predictions.keys()).toEqual(["t.open.s", "t.young.s"]);
  expect(cancel.mock.calls.map(([, id]) => id).sort()).toEqual([
    "id of cancelled",
    "id of finished-step",
    "id of gone",
  ]);
  expect(settle.mock.calls.map(([{ callId, micros }]) => [callId, micros]).sort()).toEqual([
    ["call of cancelled", 700],
    ["call of finished-step", 700],
    ["call of gone", 700],
  ]);
});

test("one that its provider did not confirm stays for the next sweep, and one of a provider that is no longer known is removed", async () => {
  const { parts, predictions, cancel } = setUp([stored("a"), stored("b", { provider: "former" })], {});
  cancel.mockRejectedValueOnce(new Error("away"));
  await sweepPredictions(parts, 0);
  expect(predictions.keys()).toEqual(["t.a.s"]);
  await sweepPredictions(parts, 0);
  expect(predictions.keys()).toEqual([]);
});

test("a sweep looks at 256 entries, and the next one goes on where it ended", async () => {
  const open = Array.from({ length: 300 }, (_, n) => stored(`j${String(n).padStart(3, "0")}`));
  const states = Object.fromEntries(
    open.map(({ key }) => [key.jobId, [JobState.RUNNING, StepState.RUNNING] as [JobState, StepState]]),
  );
  const { parts, predictions } = setUp(open, states);
  const find = vi.spyOn(predictions, "find");
  expect(await sweepPredictions(parts, 0)).toBe(256);
  expect(find).toHaveBeenCalledTimes(256);
  find.mockClear();
  await sweepPredictions(parts, 256);
  expect(
    find.mock.calls
      .slice(0, 2)
      .map(([{ jobId }]) => jobId)
      .sort(),
  ).toEqual(["j256", "j257"]);
});
