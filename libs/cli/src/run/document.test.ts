import { toFormatWord } from "@pixelmesh/json-views";
import { ErrorReason, ImageFormat, Job, JobState, StepState } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import type { PictureResult } from "./document.ts";
import { toBar, toProgressText } from "./picture-line.ts";
import { createRunResults } from "./run-results.ts";

const output = { name: "result", path: "cat.result.png", width: 8, height: 6, format: "png", bytes: 99, sha256: "ab" };
const job = Job.fromPartial({
  id: "j1",
  state: JobState.SUCCEEDED,
  sources: [{ name: "source", info: { widthPx: 4, heightPx: 3 } }],
  steps: [
    {
      id: "upscale",
      operation: "upscale",
      model: "m",
      provider: "cpu",
      runMs: 7,
      state: StepState.SUCCEEDED,
      confidence: 0.75,
    },
    { id: "effects", operation: "apply_effects", cached: true, savedMs: 5, state: StepState.SUCCEEDED },
  ],
});

function toDocument(pictures: readonly PictureResult[], wallMs: number) {
  const results = createRunResults({ report: false, document: true, outputLines: false });
  for (const [index, picture] of pictures.entries()) results.add(index, { ...picture, ms: 1 });
  return results.document(wallMs);
}

test("the document has exactly the shape that scripts rely on", () => {
  const done = { path: "cat.png", job, outputs: [output], failure: undefined };
  const refused = {
    path: "bad.png",
    job: undefined,
    outputs: [],
    failure: { reason: "IMAGE_CORRUPT", message: "The file is broken" },
  };
  expect(toDocument([done, refused], 12.6)).toEqual({
    jobs: [
      {
        id: "j1",
        state: "SUCCEEDED",
        skipped: false,
        source: { path: "cat.png", width: 4, height: 3 },
        outputs: [output],
        steps: [
          {
            id: "upscale",
            operation: "upscale",
            model: "m",
            provider: "cpu",
            ms: 7,
            cached: false,
            savedMs: 0,
            confidence: 0.75,
          },
          {
            id: "effects",
            operation: "apply_effects",
            model: null,
            provider: null,
            ms: 0,
            cached: true,
            savedMs: 5,
            confidence: null,
          },
        ],
        adaptations: [],
        notices: [],
        error: null,
      },
      {
        id: null,
        state: "FAILED",
        skipped: false,
        source: { path: "bad.png", width: null, height: null },
        outputs: [],
        steps: [],
        adaptations: [],
        notices: [],
        error: { reason: "IMAGE_CORRUPT", message: "The file is broken" },
      },
    ],
    wallMs: 13,
  });
});

test("a job whose outputs could not be downloaded has failed, a cancelled job stays cancelled", () => {
  const failure = { reason: "BLOB_CORRUPT", message: "…" };
  const stateOf = (state: JobState) =>
    toDocument([{ path: "a", job: { ...job, state }, outputs: [], failure }], 0).jobs[0]!.state;
  expect(stateOf(JobState.SUCCEEDED)).toBe("FAILED");
  expect(stateOf(JobState.CANCELLED)).toBe("CANCELLED");
});

test("formats are lower-case words", () => {
  expect([ImageFormat.JPEG, ImageFormat.AVIF].map(toFormatWord)).toEqual(["jpeg", "avif"]);
});

test("progress shows the share done, the running steps, and the time left", () => {
  const running = Job.fromPartial({
    state: JobState.RUNNING,
    progress: 0.5,
    etaMs: 2_300,
    steps: [
      { id: "a", state: StepState.RUNNING },
      { id: "b", state: StepState.PENDING, error: { reason: ErrorReason.INTERNAL } },
    ],
  });
  expect(toProgressText(running)).toBe("50 %  a  2.3 s left");
  expect(toProgressText({ ...running, etaMs: -1, steps: [] })).toBe("50 %  waiting");
  expect(toBar("cat.png", running)).toBe(
    `${"cat.png".padEnd(24)}  [${"#".repeat(12)}${"-".repeat(12)}]  50 %  a  2.3 s left`,
  );
  expect(toBar("a/very/long/path/to/some/picture.png", running)).toMatch(/^….{23} {2}\[/);
});
