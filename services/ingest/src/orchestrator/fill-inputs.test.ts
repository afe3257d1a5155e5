import { JobSpec, StepInput } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { fillInputs } from "./fill-inputs.ts";

const input = (sha256: string) => StepInput.fromPartial({ blob: { sha256, sizeBytes: 1, mediaType: "image/png" } });
const lengths = { small: 1_000, half: 16 * 1024, other: 20 * 1024 };
const pictures = {
  find: (jobId: string, sha256: string) =>
    jobId === "job" && sha256 in lengths ? new Uint8Array(lengths[sha256 as keyof typeof lengths]) : undefined,
};

/** A job whose steps all read an upload. */
const job = (jobId: string, steps = 1) => {
  const input = { from: { $case: "upload", value: "source" } } as const;
  return JobSpec.fromPartial({ jobId, steps: Array.from({ length: steps }, () => ({ step: { inputs: [input] } })) });
};

test("inputs whose bytes are kept carry them, and others stay as they are", () => {
  const inputs = [input("small"), input("frame"), StepInput.create()];
  const filled = fillInputs(pictures, job("job"), inputs);
  expect(filled.map(({ content }) => content.length)).toEqual([1_000, 0, 0]);
  expect(filled.map(({ blob }) => blob?.sha256)).toEqual(["small", "frame", undefined]);
  expect(fillInputs(pictures, job("another"), inputs)).toEqual(inputs);
});

test("the bytes of one work item are at most 32 KiB", () => {
  const filled = fillInputs(pictures, job("job"), [input("half"), input("other"), input("small")]);
  expect(filled.map(({ content }) => content.length)).toEqual([16 * 1024, 0, 1_000]);
});

test("the bytes of all work items of a job are at most 32 KiB", () => {
  const lengthsOf = (steps: number) =>
    fillInputs(pictures, job("job", steps), [input("half")]).map(({ content }) => content.length);
  expect([lengthsOf(2), lengthsOf(3)]).toEqual([[16 * 1024], [0]]);
});
