import { reasonToEnum } from "@pixelmesh/errors";
import { ImageFormat, type JobRecord, Priority } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import {
  blur,
  completed,
  createdUnixMs,
  cutOut,
  effects,
  failed,
  fromStep,
  fromUpload,
  pipeline,
  plan,
  sha,
  step,
} from "../../test/fixtures.ts";
import { createRecord } from "./job-record.ts";
import { readySteps, retryDelayMs, toWorkItem } from "./ready-steps.ts";
import { reduceJob } from "./reduce.ts";

const spec = plan(
  pipeline(
    [step("cut", cutOut()), step("bg", blur(4), fromStep("cut"), fromUpload("source")), step("fx", effects("grey"))],
    [
      { name: "cut", step: "cut", format: ImageFormat.PNG },
      { name: "same", step: "cut", format: ImageFormat.PNG },
      { name: "fx", step: "fx" },
    ],
  ),
  { priority: Priority.BATCH, allowDegraded: true },
);
const times = { nowUnixMs: createdUnixMs + 5, keepUntilUnixMs: createdUnixMs + 99 };
const after = (record: JobRecord, event: ReturnType<typeof completed>) =>
  reduceJob(spec, record, { $case: "event", event }, createdUnixMs);

test("a READY step has everything that its dispatch needs", () => {
  const record = createRecord(spec);
  expect(readySteps(spec, record)).toEqual([
    {
      index: 0,
      stepId: "cut",
      service: "background",
      attempt: 1,
      resultKey: record.steps[0]?.resultKey,
      refresh: false,
      readyUnixMs: createdUnixMs,
      delayMs: 0,
      storeFrame: true,
      outputs: [{ name: "cut", encoding: spec.outputs[0]?.encoding }],
    },
  ]);
});

test("a work item holds the resolved step, its input pictures and the needed outputs", () => {
  const first = createRecord(spec);
  expect(toWorkItem(spec, first, 0, times)).toEqual({
    eventsTo: "",
    expectedMs: 0,
    jobId: "job-1",
    stepId: "cut",
    attempt: 1,
    tenant: "default",
    priority: Priority.BATCH,
    deadlineUnixMs: spec.deadlineUnixMs,
    step: { id: "cut", inputs: [fromUpload("source")], operation: cutOut("salient") },
    inputs: [
      {
        blob: { sha256: sha("upload source"), sizeBytes: 1234, mediaType: "image/png" },
        widthPx: 640,
        heightPx: 480,
        channels: 3,
        content: new Uint8Array(0),
      },
    ],
    outputs: [{ name: "cut", encoding: spec.outputs[0]?.encoding }],
    storeFrame: true,
    resultKey: first.steps[0]?.resultKey,
    refresh: false,
    allowDegraded: true,
    modelDigest: sha("salient"),
    keepUntilUnixMs: createdUnixMs + 99,
    publishedUnixMs: createdUnixMs + 5,
  });
  const second = after(first, completed(spec, "cut"));
  const item = toWorkItem(spec, second, 1, times);
  expect(item.inputs.map(({ blob }) => blob?.sha256)).toEqual([sha("cut.1 frame"), sha("upload source")]);
  expect(item).toMatchObject({ outputs: [], storeFrame: true });
});

test("the retry backoff grows with each attempt", () => {
  expect([1, 2, 3, 4, 5, 20].map(retryDelayMs)).toEqual([0, 500, 1000, 2000, 4000, 10_000]);
  const record = after(createRecord(spec), failed("cut", 1, reasonToEnum("STORAGE_FULL")));
  expect(readySteps(spec, record)).toMatchObject([{ stepId: "cut", attempt: 2, delayMs: 500 }]);
});

test("a step whose inputs are missing has no work item", () => {
  expect(() => toWorkItem(spec, createRecord(spec), 1, times)).toThrow("lacks its input cut");
});
