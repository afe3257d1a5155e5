import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { HostModel } from "../../protocol/messages.ts";
import { inspectFloats, isVaried } from "./inspect-floats.ts";
import { createOutputMemory } from "./output-memory.ts";
import { writeRgbFloats } from "./to-floats.ts";
import { toByte, toGreyBytes, toLuminanceBytes, toRgbBytes } from "./to-pixels.ts";

const input = (facts: Partial<HostModel["input"]> = {}): HostModel["input"] => ({
  name: "x",
  layout: "nchw",
  channels: "rgb",
  range: "unit",
  divideByMax: false,
  mean: null,
  std: null,
  fixedSizePx: null,
  openSizePx: null,
  ...facts,
});
const memory = createOutputMemory();
/** Converts samples as the output of a model. */
function convertRgb(samples: ArrayLike<number>, layout: "nchw" | "nhwc", range: "unit" | "byte") {
  memory.reserve(samples.length).set(samples);
  return toRgbBytes(memory, { pixels: samples.length / 3, layout, range });
}
const layouts = fc.constantFrom("nchw" as const, "nhwc" as const);
const ranges = fc.constantFrom("unit" as const, "byte" as const);

describe("conversion", () => {
  test("to floats and back returns the same bytes, in every layout and range", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 12 }), layouts, ranges, (data, layout, range) => {
        const floats = new Float32Array(12);
        writeRgbFloats({ widthPx: 2, heightPx: 2, channels: 3, data }, input({ layout, range }), floats);
        expect([...convertRgb(floats, layout, range).bytes]).toEqual([...data]);
      }),
    );
  });

  test("repeats grey in all channels and returns the same grey", () => {
    const data = Uint8Array.from({ length: 256 }, (_, i) => i);
    const floats = new Float32Array(768);
    writeRgbFloats({ widthPx: 16, heightPx: 16, channels: 1, data }, input(), floats);
    expect([...toGreyBytes(floats, { pixels: 256, layout: "nchw", range: "unit" })]).toEqual([...data]);
  });

  test("normalises as U²-Net requires: by the largest sample, then mean and deviation", () => {
    const mean: [number, number, number] = [0.485, 0.456, 0.406];
    const std: [number, number, number] = [0.229, 0.224, 0.225];
    const floats = new Float32Array(6);
    const data = Uint8Array.of(10, 20, 30, 200, 100, 0);
    writeRgbFloats({ widthPx: 2, heightPx: 1, channels: 3, data }, input({ divideByMax: true, mean, std }), floats);
    const plain = [0, 1, 2].flatMap((c) => [0, 1].map((i) => (data[i * 3 + c]! / 200 - mean[c]!) / std[c]!));
    for (const [i, value] of plain.entries()) expect(floats[i]).toBeCloseTo(value, 6);
  });

  test("clamps and rounds half up", () => {
    expect([-1, 0, 0.49, 0.5, 1.5, 254.5, 255, 300, 1e30].map(toByte)).toEqual([0, 0, 0, 1, 2, 255, 255, 255, 255]);
  });
});

describe("inspection", () => {
  test("finds a single NaN or infinity anywhere", () => {
    const bad = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
    fc.assert(
      fc.property(fc.nat(99), bad, (at, value) => {
        const data = Float32Array.from({ length: 100 }, (_, i) => i);
        data[at] = value;
        expect(inspectFloats(data)).toMatchObject({ finite: false, constant: false });
      }),
    );
    expect(inspectFloats(Float32Array.of(1, 2, 3e38))).toMatchObject({ finite: true, constant: false });
    expect(inspectFloats(new Float32Array(9).fill(0.5))).toEqual({
      finite: true,
      constant: true,
      least: 0.5,
      most: 0.5,
    });
  });

  test("during conversion finds the same as an inspection of every sample", () => {
    const usual = fc.double({ min: -2, max: 3, noNaN: true });
    // One unit of least precision beside a tie, where single precision would round to the tie.
    const tie = fc.tuple(fc.nat(254), fc.constantFrom(-1, 0, 1), ranges).map(([n, way, range]) => {
      const value = Float32Array.of((n + 0.5) / (range === "unit" ? 255 : 1));
      new Int32Array(value.buffer)[0]! += way;
      return value[0]!;
    });
    const odd = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e30, -1e30, 0, 1, 255);
    const sample = fc.oneof({ weight: 40, arbitrary: usual }, { weight: 20, arbitrary: tie }, odd);
    // Whole vector steps, a part of one, and both.
    const pixelCounts = fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(16, 32));
    const pictures = pixelCounts.chain((pixels) => fc.array(sample, { minLength: 3 * pixels, maxLength: 3 * pixels }));
    fc.assert(
      fc.property(pictures, layouts, ranges, (values, layout, range) => {
        const data = Float32Array.from(values);
        const pixels = data.length / 3;
        const { bytes, finite, least, most } = convertRgb(data, layout, range);
        const facts = inspectFloats(data);
        expect(finite).toBe(facts.finite);
        if (!finite) return;
        expect(least + 0).toBe(Math.min(0, facts.least) + 0);
        expect(most).toBe(Math.max(range === "unit" ? 1 : 255, facts.most));
        const scale = range === "unit" ? 255 : 1;
        const at = (index: number) => data[layout === "nchw" ? (index % 3) * pixels + Math.floor(index / 3) : index]!;
        expect([...bytes]).toEqual(Array.from(data, (_, index) => toByte(at(index) * scale)));
      }),
    );
  });

  test("of one channel does not change the samples", () => {
    const samples = Float32Array.from({ length: 53 }, (_, at) => at / 52);
    memory.reserve(53).set(samples);
    const { bytes, finite, least, most } = toLuminanceBytes(memory, { pixels: 53, layout: "nchw", range: "unit" });
    expect([...bytes]).toEqual(Array.from(samples, (value) => toByte(value * 255)));
    expect({ finite, least, most }).toEqual({ finite: true, least: 0, most: 1 });
    expect([...memory.reserve(53)]).toEqual([...samples]);
  });

  test("calls a tile varied if samples differ by 16 levels or more", () => {
    expect(isVaried(Uint8Array.of(100, 115, 101))).toBe(false);
    expect(isVaried(Uint8Array.of(100, 116, 101))).toBe(true);
  });
});
