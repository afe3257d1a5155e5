import { randomBytes } from "node:crypto";
import { ImageFormat, JobSpec, StepState } from "@pixelmesh/proto";
import sharp, { type Sharp } from "sharp";
import { expect, test } from "vitest";
import { createRecord } from "../job/job-record.ts";
import { spentFrames } from "../job/spent-frames.ts";
import { storageNeed } from "./storage-need.ts";

const input = (name: string) =>
  name === "source"
    ? { from: { $case: "upload" as const, value: name } }
    : { from: { $case: "step" as const, value: name } };

/** Steps of 1000×1000 pixels, by the names of their inputs; outputs by step and format. */
function jobOf(steps: Record<string, string[]>, outputs: [string, ImageFormat, number?][], channels = 3) {
  return JobSpec.fromPartial({
    jobId: "j",
    sources: [{ name: "source", sha256: "s", info: { channels, hasAlpha: channels === 4 } }],
    steps: Object.entries(steps).map(([id, inputs]) => ({
      step: { id, inputs: inputs.map(input), operation: { $case: "applyEffects", value: {} } },
      service: "effects",
      widthPx: 1_000,
      heightPx: 1_000,
    })),
    outputs: outputs.map(([step, format, quality = 0], at) => ({
      name: `o${at}`,
      step,
      encoding: { format, quality },
    })),
  });
}
const mega = 1_000_000;
const kib = 1_024;

test("a single step needs storage for an output of noise", () => {
  const need = (format: ImageFormat, quality = 0) => storageNeed(jobOf({ a: ["source"] }, [["a", format, quality]]));
  expect(need(ImageFormat.PNG)).toEqual({ bytes: 3 * mega + kib, leastBytes: 0 });
  expect(need(ImageFormat.JPEG)).toEqual({ bytes: mega + kib, leastBytes: 0 });
  expect(need(ImageFormat.WEBP, 90).bytes).toBe(3 * mega + kib);
  expect(need(ImageFormat.AUTO).bytes).toBe(mega + kib);
  const seeThrough = jobOf({ a: ["source"] }, [["a", ImageFormat.PNG]], 4);
  expect(storageNeed(seeThrough).bytes).toBe(4 * mega + kib);
});

// Real files of noise, the largest possible ones.
test.each([
  [3, ImageFormat.JPEG, (it: Sharp) => it.jpeg({ quality: 85 })],
  [3, ImageFormat.WEBP, (it: Sharp) => it.webp({ quality: 85 })],
  [3, ImageFormat.PNG, (it: Sharp) => it.png()],
  [4, ImageFormat.WEBP, (it: Sharp) => it.webp({ quality: 85 })],
  [4, ImageFormat.PNG, (it: Sharp) => it.png()],
] as const)("what is reckoned is enough for noise of %s channels (format %s)", async (channels, format, encode) => {
  const raw = { width: 1_000, height: 1_000, channels };
  const file = await encode(sharp(randomBytes(mega * channels), { raw })).toBuffer();
  const { bytes } = storageNeed(jobOf({ a: ["source"] }, [["a", format]], channels));
  expect(file.length).toBeLessThanOrEqual(bytes * 1.01);
});

test("a chain of any length needs two frames at a time, because a frame is deleted once it was taken in", () => {
  const chain = { a: ["source"], b: ["a"], c: ["b"], d: ["c"], e: ["d"] };
  const { bytes, leastBytes } = storageNeed(jobOf(chain, [["e", ImageFormat.JPEG]]));
  expect(bytes).toBe(2 * (3 * mega + kib));
  expect(leastBytes).toBe(2 * 3 * mega);
});

test("a frame that several steps take in stays for the last of them, and outputs stay for good", () => {
  const fan = { a: ["source"], b: ["a"], c: ["a"], d: ["b", "c"] };
  const outputs: [string, ImageFormat][] = [
    ["b", ImageFormat.JPEG],
    ["d", ImageFormat.JPEG],
  ];
  // a, b and c at once, beside b's output.
  expect(storageNeed(jobOf(fan, outputs)).bytes).toBe(3 * (3 * mega + kib) + mega + kib);
});

test("one channel of a grey picture is certain, and an unknown size counts as 0", () => {
  const grey = storageNeed(jobOf({ a: ["source"], b: ["a"] }, [["b", ImageFormat.JPEG]], 1));
  expect(grey.leastBytes).toBe(mega);
  const spec = jobOf({ a: ["source"], b: ["a"] }, [["b", ImageFormat.JPEG]]);
  for (const step of spec.steps) step.widthPx = 0;
  expect(storageNeed(spec).leastBytes).toBe(0);
});

test("a frame is no longer needed once every step that takes it in has succeeded", () => {
  const spec = jobOf({ a: ["source"], b: ["a"], c: ["a"] }, [
    ["b", ImageFormat.JPEG],
    ["c", ImageFormat.JPEG],
  ]);
  const at = (...done: string[]) => {
    const record = createRecord(spec);
    const steps = record.steps.map((step) =>
      done.includes(step.id)
        ? { ...step, state: StepState.SUCCEEDED, result: { frame: { sha256: `frame of ${step.id}` } } as never }
        : step,
    );
    return { ...record, steps };
  };
  expect(spentFrames(spec, at(), at("a"))).toEqual([]);
  expect(spentFrames(spec, at("a"), at("a", "b"))).toEqual([]);
  expect(spentFrames(spec, at("a", "b"), at("a", "b", "c"))).toEqual(["frame of a"]);
  expect(spentFrames(spec, at("a", "b", "c"), at("a", "b", "c"))).toEqual([]);
});
