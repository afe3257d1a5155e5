import {
  CutOutResult,
  ExistingAlpha,
  LowConfidence,
  Refinement,
  type RemoveBackgroundOperation,
} from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { validateOperation } from "./operations.ts";
import { removeBackground } from "./remove-background.ts";

const catalogue = {
  upscaleModels: [],
  matteModels: [{ name: "m", digest: "d", task: "matte", available: true }],
  effects: [],
  remoteModels: [],
} as never;
const resolve = (settings: Partial<RemoveBackgroundOperation>) =>
  removeBackground.resolve({ model: "", ...settings }, { catalogue, input: undefined, path: "op" }).value;

test("settings at their defaults are left out, so that equal cut-outs have equal keys", () => {
  const defaults: Partial<RemoveBackgroundOperation> = {
    existingAlpha: ExistingAlpha.AUTO,
    decontaminate: true,
    threshold: 0,
    featherPx: 0,
    fillHoles: false,
    minIsland: 0,
    trimapPx: 0,
    result: CutOutResult.CUT_OUT,
    refine: Refinement.GUIDED,
    minConfidence: 0,
    // Says nothing without a bound.
    onLowConfidence: LowConfidence.FAIL,
  };
  expect(resolve(defaults)).toEqual({ model: "m" });
  const changed: Partial<RemoveBackgroundOperation> = {
    existingAlpha: ExistingAlpha.KEEP,
    decontaminate: false,
    threshold: 0.5,
    featherPx: 2,
    fillHoles: true,
    minIsland: 0.01,
    trimapPx: 12,
    region: { leftPx: 0, topPx: 0, widthPx: 9, heightPx: 9 },
    result: CutOutResult.MATTE,
    refine: Refinement.NONE,
    minConfidence: 0.7,
    onLowConfidence: LowConfidence.FAIL,
  };
  expect(resolve(changed)).toEqual({ model: "m", ...changed });
});

test("a bound of the confidence retries unless it is to fail, so that both ways to say it have one key", () => {
  for (const onLowConfidence of [undefined, LowConfidence.UNSPECIFIED, LowConfidence.RETRY])
    expect(resolve({ minConfidence: 0.7, onLowConfidence })).toEqual({ model: "m", minConfidence: 0.7 });
});

test("a region outside of a picture of known size is refused with both", () => {
  const value = { model: "", region: { leftPx: 40, topPx: 5, widthPx: 9, heightPx: 8 } };
  const resolveFor = (widthPx: number, heightPx: number) =>
    removeBackground.resolve(value, { catalogue, input: { widthPx, heightPx }, path: "op" });
  expect(() => resolveFor(40, 30)).toThrow(
    "Expected `op.region` to be a box that overlaps the picture of 40×30, got `9×8 at 40,5`",
  );
  expect(resolveFor(41, 30).value.region).toEqual(value.region);
  expect(resolveFor(0, 0).value.region).toEqual(value.region);
});

test.each([
  [{ threshold: 1.1 }, "op.threshold", "a number from 0 to 1", "1.1"],
  [{ featherPx: 0.1 }, "op.feather_px", "a number from 0.3 to 100, or 0 for none", "0.1"],
  [{ trimapPx: 0.5 }, "op.trimap_px", "a number from 1 to 16384, or 0 for the default", "0.5"],
  [{ minConfidence: -0.1 }, "op.min_confidence", "a number from 0 to 1", "-0.1"],
  [{ minConfidence: 70 }, "op.min_confidence", "a number from 0 to 1", "70"],
  [{ minIsland: Number.NaN }, "op.min_island", "a number from 0 to 0.5", "NaN"],
  [
    { region: { leftPx: -1, topPx: 0, widthPx: 1, heightPx: 1 } },
    "op.region.left_px",
    "an integer from 0 to 16383",
    "-1",
  ],
  [
    { region: { leftPx: 0, topPx: 0, widthPx: 0, heightPx: 1 } },
    "op.region.width_px",
    "an integer from 1 to 16384",
    "0",
  ],
] as const)("%o is refused", (settings, field, form, got) => {
  const value: RemoveBackgroundOperation = { model: "", ...settings };
  expect(() => validateOperation({ $case: "removeBackground", value }, "op")).toThrow(
    `Expected \`${field}\` to be ${form}, got \`${got}\``,
  );
});
