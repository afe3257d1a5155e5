import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { HostModel } from "../host/host-protocol.ts";
import { inspectFloats, isVaried } from "./inspect-floats.ts";
import { writeRgbFloats } from "./to-floats.ts";
import { toByte, toGreyBytes, toRgbBytes } from "./to-pixels.ts";

const input = (facts: Partial<HostModel["input"]> = {}): HostModel["input"] => ({
  name: "x",
  layout: "nchw",
  channels: "rgb",
  range: "unit",
  divideByMax: false,
  mean: null,
  std: null,
  fixedSizePx: null,
  ...facts,
});
const layouts = fc.constantFrom("nchw" as const, "nhwc" as const);
const ranges = fc.constantFrom("unit" as const, "byte" as const);

describe("conversion", () => {
  test("to floats and back gives the same bytes, in every layout and range", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 12 }), layouts, ranges, (data, layout, range) => {
        const floats = new Float32Array(12);
        writeRgbFloats({ widthPx: 2, heightPx: 2, channels: 3, data }, input({ layout, range }), floats);
        expect([...toRgbBytes({ data: floats, pixels: 4, layout, range }).bytes]).toEqual([...data]);
      }),
    );
  });

  test("of grey repeats it and comes back as the same grey", () => {
    const data = Uint8Array.from({ length: 256 }, (_, i) => i);
    const floats = new Float32Array(768);
    writeRgbFloats({ widthPx: 16, heightPx: 16, channels: 1, data }, input(), floats);
    expect([...toGreyBytes({ data: floats, pixels: 256, layout: "nchw", range: "unit" })]).toEqual([...data]);
  });

  test("normalises as U²-Net wants it: by the largest sample, then mean and deviation", () => {
    const mean: [number, number, number] = [0.485, 0.456, 0.406];
    const std: [number, number, number] = [0.229, 0.224, 0.225];
    const floats = new Float32Array(6);
    const data = Uint8Array.of(10, 20, 30, 200, 100, 0);
    writeRgbFloats({ widthPx: 2, heightPx: 1, channels: 3, data }, input({ divideByMax: true, mean, std }), floats);
    const plain = [0, 1, 2].flatMap((c) => [0, 1].map((i) => (data[i * 3 + c]! / 200 - mean[c]!) / std[c]!));
    for (const [i, value] of plain.entries()) expect(floats[i]).toBeCloseTo(value, 6);
  });

  test("clamps and rounds", () => {
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

  test("while converting finds what a look at every sample finds", () => {
    const usual = fc.double({ min: -2, max: 3, noNaN: true });
    const odd = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e30, -1e30, 0, 1, 255);
    const samples = fc.array(fc.oneof({ weight: 8, arbitrary: usual }, odd), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(samples, layouts, ranges, (values, layout, range) => {
        const data = Float32Array.from(values);
        const { bytes, finite, least, most } = toRgbBytes({ data, pixels: 4, layout, range });
        const facts = inspectFloats(data);
        expect(finite).toBe(facts.finite);
        if (!finite) return;
        expect(Math.fround(least) + 0).toBe(Math.min(0, facts.least) + 0);
        const end = range === "unit" ? 1 : 255;
        expect(Math.fround(most)).toBe(Math.max(end, facts.most));
        const scale = range === "unit" ? 255 : 1;
        const at = (pixel: number, c: number) => data[layout === "nchw" ? c * 4 + pixel : pixel * 3 + c]!;
        const wanted = [0, 1, 2, 3].flatMap((pixel) => [0, 1, 2].map((c) => toByte(at(pixel, c) * scale)));
        expect([...bytes]).toEqual(wanted);
      }),
    );
  });

  test("calls a tile varied from 16 steps on", () => {
    expect(isVaried(Uint8Array.of(100, 115, 101))).toBe(false);
    expect(isVaried(Uint8Array.of(100, 116, 101))).toBe(true);
  });
});
