import { reasonToEnum } from "@pixelmesh/errors";
import { type JobEvent, type JobRecord, type JobSpec, JobState, StepState } from "@pixelmesh/proto";
import { describe, expect, test } from "vitest";
import {
  completed,
  createdUnixMs,
  cutOut,
  deadlineUnixMs,
  effects,
  event,
  failed,
  fromStep,
  pipeline,
  plan,
  resultFor,
  started,
  step,
  upscale,
} from "../../test/fixtures.ts";
import { MAX_ATTEMPTS, MAX_STARTS } from "../values/limits.ts";
import { createRecord } from "./job-record.ts";
import { type JobChange, reduceJob } from "./reduce.ts";
import { wantedOf } from "./result-coverage.ts";

const now = createdUnixMs + 500;
const spec = plan(
  pipeline(
    [
      step("up", upscale(4)),
      step("cut", cutOut()),
      step("a", effects("grey"), fromStep("cut")),
      step("b", effects("dither"), fromStep("cut")),
    ],
    [
      { name: "a", step: "a" },
      { name: "b", step: "b" },
    ],
  ),
);
const fresh = createRecord(spec);
const busy = reasonToEnum("SERVICE_UNAVAILABLE");
const corrupt = reasonToEnum("IMAGE_CORRUPT");

const apply = (record: JobRecord, ...changes: (JobEvent | JobChange)[]) =>
  changes.reduce<JobRecord>(
    (state, change) => reduceJob(spec, state, "$case" in change ? change : { $case: "event", event: change }, now),
    record,
  );
const states = (record: JobRecord) => record.steps.map((item) => item.state);
const stepOf = (record: JobRecord, id: string) => record.steps.find((item) => item.id === id);
const upDone = completed(spec, "up");
const cutDone = completed(spec, "cut", 1, createdUnixMs + 200);
const { PENDING, READY, RUNNING, SUCCEEDED, FAILED, CANCELLED } = StepState;

test("in a new job the steps that take uploads only are READY, with time and result key", () => {
  expect(states(fresh)).toEqual([READY, PENDING, PENDING, PENDING]);
  expect(fresh).toMatchObject({
    state: JobState.RUNNING,
    deadlineUnixMs,
    outputsExpireUnixMs: deadlineUnixMs + 86_400_000,
  });
  expect(fresh.steps[0]).toMatchObject({ attempt: 1, readyUnixMs: createdUnixMs });
  expect(fresh.steps[0]?.resultKey).toMatch(/^[0-9a-f]{64}$/);
  expect(createRecord({ ...spec, noCache: true }).steps[0]?.resultKey).toBe("");
});

describe("events of steps", () => {
  test("a completed step makes the steps that take its result READY, at the time of its completion", () => {
    const record = apply(fresh, started("up"), upDone);
    expect(states(record)).toEqual([SUCCEEDED, READY, PENDING, PENDING]);
    expect(stepOf(record, "up")).toMatchObject({
      starts: 0,
      startedUnixMs: createdUnixMs + 60,
      finishedUnixMs: createdUnixMs + 100,
      cached: false,
    });
    expect(stepOf(record, "cut")).toMatchObject({ readyUnixMs: createdUnixMs + 100 });
    expect(states(apply(record, cutDone))).toEqual([SUCCEEDED, SUCCEEDED, READY, READY]);
  });

  test("the job has SUCCEEDED when every step has, at the time of the last", () => {
    const last = completed(spec, "a", 1, createdUnixMs + 400);
    const record = apply(fresh, upDone, cutDone, last, completed(spec, "b", 1, createdUnixMs + 300));
    expect(record).toMatchObject({ state: JobState.SUCCEEDED, finishedUnixMs: createdUnixMs + 400, error: undefined });
  });

  test("a retryable failure begins another attempt, and events of earlier attempts have no effect", () => {
    const record = apply(fresh, started("up"), failed("up", 1, busy));
    expect(record.steps[0]).toMatchObject({
      state: READY,
      attempt: 2,
      starts: 0,
      error: { reason: busy, stepId: "up" },
    });
    for (const late of [started("up"), failed("up", 1, corrupt), completed(spec, "up", 1), started("up", 0)]) {
      expect(apply(record, late)).toBe(record);
    }
    expect(apply(record, started("up", 2)).steps[0]).toMatchObject({ state: RUNNING, attempt: 2, error: undefined });
  });

  test(`the error of attempt ${MAX_ATTEMPTS} is final`, () => {
    let record = fresh;
    for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt++) record = apply(record, failed("up", attempt, busy));
    expect(record).toMatchObject({
      state: JobState.RUNNING,
      steps: [{ state: READY, attempt: MAX_ATTEMPTS }, {}, {}, {}],
    });
    expect(apply(record, failed("up", MAX_ATTEMPTS, busy))).toMatchObject({
      state: JobState.FAILED,
      error: { reason: busy, stepId: "up" },
    });
  });

  test("when one branch fails, the job fails, its open steps are cancelled and its ended steps stay", () => {
    const record = apply(
      fresh,
      upDone,
      cutDone,
      completed(spec, "a"),
      started("b"),
      failed("b", 1, corrupt, createdUnixMs + 250),
    );
    expect(states(record)).toEqual([SUCCEEDED, SUCCEEDED, SUCCEEDED, FAILED]);
    expect(record).toMatchObject({
      state: JobState.FAILED,
      finishedUnixMs: createdUnixMs + 250,
      error: { reason: corrupt, stepId: "b", message: "as published" },
    });
    expect(stepOf(record, "a")?.result?.outputs).toHaveLength(1);
    const other = apply(fresh, failed("up", 1, corrupt));
    expect(states(other)).toEqual([FAILED, CANCELLED, CANCELLED, CANCELLED]);
  });

  test("a result without a needed picture fails the attempt", () => {
    const bare = event("up", 1, now, {
      $case: "completed",
      value: { result: resultFor({ outputs: [], storeFrame: false }, "up") },
    });
    expect(apply(fresh, bare).steps[0]).toMatchObject({
      state: READY,
      attempt: 2,
      error: { reason: reasonToEnum("INTERNAL") },
    });
    const empty = event("up", 1, now, { $case: "completed", value: { result: undefined } });
    expect(apply(fresh, empty).steps[0]).toMatchObject({ state: READY, attempt: 2 });
  });

  test("a completion with the result of another job makes the step cached", () => {
    const result = resultFor(wantedOf(spec, "up"), "up", { provenance: { jobId: "job-0", runMs: 70 } as never });
    const record = apply(fresh, event("up", 1, now, { $case: "completed", value: { result } }));
    expect(record.steps[0]).toMatchObject({ state: SUCCEEDED, cached: true, startedUnixMs: now, finishedUnixMs: now });
  });

  test("a step that fails before its inputs are recorded waits for them", () => {
    const record = apply(fresh, failed("cut", 1, busy));
    expect(record.steps[1]).toMatchObject({ state: PENDING, attempt: 2 });
    expect(apply(record, upDone).steps[1]).toMatchObject({ state: READY, attempt: 2 });
  });

  test("events of other jobs, unknown steps and impossible attempts have no effect", () => {
    expect(apply(fresh, { ...upDone, jobId: "job-2" })).toBe(fresh);
    expect(apply(fresh, { ...upDone, stepId: "nope" })).toBe(fresh);
    expect(apply(fresh, { ...upDone, attempt: MAX_ATTEMPTS + 1 })).toBe(fresh);
    expect(apply(fresh, { ...upDone, event: undefined })).toBe(fresh);
  });
});

describe("starts", () => {
  const start = (number: number) => started("up", 1, createdUnixMs + number);

  test(`${MAX_STARTS} starts of one attempt without an end are POISON`, () => {
    const four = apply(fresh, start(1), start(2), start(3), start(4));
    expect(four.steps[0]).toMatchObject({ state: RUNNING, starts: 4 });
    expect(apply(four, start(5))).toMatchObject({
      state: JobState.FAILED,
      error: { reason: reasonToEnum("POISON"), stepId: "up", message: "Step up was started 5 times and never ended" },
    });
  });

  test("a repeated start does not count, and an end resets the count", () => {
    const two = apply(fresh, start(1), start(2));
    expect(apply(two, start(2), start(1), start(2))).toBe(two);
    const again = apply(two, failed("up", 1, busy), started("up", 2));
    expect(again.steps[0]).toMatchObject({ attempt: 2, starts: 1 });
  });
});

describe("stored results", () => {
  const key = fresh.steps[0]?.resultKey ?? "";
  const cached = (more: Partial<Extract<JobChange, { $case: "cached" }>> = {}): JobChange => ({
    $case: "cached",
    stepId: "up",
    key,
    result: resultFor(wantedOf(spec, "up"), "elsewhere"),
    ...more,
  });

  test("with the step's key end the step at once, before or after its start", () => {
    for (const before of [fresh, apply(fresh, started("up"))]) {
      const record = apply(before, cached());
      expect(record.steps[0]).toMatchObject({ state: SUCCEEDED, cached: true, finishedUnixMs: now });
      expect(record.steps[1]).toMatchObject({ state: READY });
    }
  });

  test("of the step's own run are its completion, found before the event; those of another step of the job are cached", () => {
    const madeBy = (stepId: string) =>
      resultFor(wantedOf(spec, "up"), "own", {
        provenance: { jobId: spec.jobId, stepId, worker: "w-1", runMs: 70 } as never,
      });
    const [own] = apply(fresh, cached({ result: madeBy("up"), coalesced: true, tier: "warm" })).steps;
    expect(own).toMatchObject({
      cached: false,
      coalesced: false,
      cacheTier: "",
      worker: "w-1",
      startedUnixMs: now - 70,
    });
    expect(own?.result?.provenance?.savedMs).toBe(0);
    const [other] = apply(fresh, cached({ result: madeBy("twin") })).steps;
    expect(other).toMatchObject({ cached: true, worker: "", result: { provenance: { savedMs: 70 } } });
  });

  test("say what they saved, whether the step waited for them, and where their blobs were", () => {
    const result = resultFor(wantedOf(spec, "up"), "elsewhere", { provenance: { jobId: "job-0", runMs: 70 } as never });
    const [step] = apply(fresh, cached({ result, coalesced: true, tier: "warm" })).steps;
    expect(step).toMatchObject({
      coalesced: true,
      cacheTier: "warm",
      result: { provenance: { runMs: 70, savedMs: 70 } },
    });
    const [plain] = apply(fresh, cached({ result })).steps;
    expect(plain).toMatchObject({ coalesced: false, cacheTier: "", result: { provenance: { savedMs: 70 } } });
  });

  test("with another key, or without a needed part, have no effect", () => {
    expect(apply(fresh, cached({ key: "other" }))).toBe(fresh);
    expect(apply(fresh, cached({ stepId: "cut", key: "" }))).toBe(fresh);
    expect(apply(fresh, cached({ result: resultFor({ outputs: [], storeFrame: false }, "bare") }))).toBe(fresh);
  });

  test("are reduced to the parts that the job needs", () => {
    const notices = Array.from({ length: 50 }, () => ({ stepId: "", kind: "k", text: "t" }));
    const rich = resultFor(
      { outputs: [{ name: "x", encoding: spec.outputs[0]?.encoding }], storeFrame: true },
      "rich",
      { notices },
    );
    const kept = apply(fresh, cached({ result: rich })).steps[0]?.result;
    expect(kept?.outputs).toEqual([]);
    expect(kept?.notices).toHaveLength(8);
    expect(kept?.frame).toEqual(rich.frame);
  });
});

describe("cancellation and deadline", () => {
  test("a cancellation ends the job and every open step", () => {
    const record = apply(fresh, upDone, started("cut"), { $case: "cancel" });
    expect(states(record)).toEqual([SUCCEEDED, CANCELLED, CANCELLED, CANCELLED]);
    expect(record).toMatchObject({
      state: JobState.CANCELLED,
      finishedUnixMs: now,
      error: { reason: reasonToEnum("CANCELLED") },
    });
  });

  test("a deadline takes effect only when it has passed", () => {
    expect(reduceJob(spec, fresh, { $case: "deadline" }, deadlineUnixMs - 1)).toBe(fresh);
    const record = reduceJob(spec, fresh, { $case: "deadline" }, deadlineUnixMs);
    expect(record).toMatchObject({ state: JobState.FAILED, error: { reason: reasonToEnum("DEADLINE_EXCEEDED") } });
  });
});

test("a record of the largest job stays within 64 KiB", async () => {
  const { JobRecord } = await import("@pixelmesh/proto");
  const long = (text: string) => text.padEnd(32, "x");
  const steps = Array.from({ length: 64 }, (_, index) => step(long(`s${index}-`), effects("grey")));
  const outputs = steps.map(({ id }, index) => ({ name: long(`o${index}-`), step: id }));
  const big: JobSpec = plan(pipeline(steps, outputs));
  const provenance = {
    savedMs: 0,
    jobId: "c0-0193f8a1-7f3e-7abc-8def-0123456789ab",
    worker: "upscale-7d9f8b6c5d-x2x4z",
    model: "realesr-general-x4v3",
    modelDigest: "0".repeat(64),
    provider: "cuda",
    device: "GPU-0123456789ab-0123-4567-89abcdef0123",
    runMs: 123_456,
    stepId: "x".repeat(32),
    slotWaitMs: 1234,
    finishedUnixMs: 1_800_000_000_000,
    cost: {
      estimateMicros: 1_234_567,
      actualMicros: 1_234_567,
      savedMicros: 0,
      currency: "USD",
      provider: "x".repeat(32),
    },
  };
  let record = createRecord(big);
  for (const { id } of steps) {
    const result = resultFor(wantedOf(big, id), id, { provenance });
    const completion = {
      ...event(id, 1, 1_800_000_000_000, { $case: "completed", value: { result } }),
      worker: provenance.worker,
    };
    record = reduceJob(big, record, { $case: "event", event: { ...completion, jobId: big.jobId } }, 1_800_000_000_000);
  }
  expect(record.state).toBe(JobState.SUCCEEDED);
  expect(JobRecord.encode(record).finish().length).toBeLessThanOrEqual(65_536);
});
