import fc from "fast-check";
import { expect, test } from "vitest";
import { toLinear } from "../../src/domain/color/color.ts";
import { createNearestLevel, createTones } from "./tones.ts";

test("the nearest level agrees with a search over all levels", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 16 }),
      fc.boolean(),
      fc.double({ min: -2, max: 3, noNaN: true }),
      (count, linear, tone) => {
        const even = Float64Array.from({ length: count }, (_, i) => i / (count - 1));
        const levels = linear ? even.map(toLinear) : even;
        const distances = [...levels].map((level) => Math.abs(level - tone));
        const found = distances[createNearestLevel(levels)(tone)]!;
        expect(found).toBeCloseTo(Math.min(...distances), 12);
      },
    ),
  );
});

test("one plane is BT.709 luminance in linear light, else BT.601 luma", () => {
  const base = { channels: 3, count: 2, planes: 1, dark: [0, 0, 0], light: [1, 1, 1] } as const;
  const row = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
  const linear = new Float32Array(3);
  createTones({ ...base, linearLight: true }).read(row, linear);
  expect([...linear].map((value) => value.toFixed(4))).toEqual(["0.2126", "0.7152", "0.0722"]);
  const encoded = new Float32Array(3);
  createTones({ ...base, linearLight: false }).read(row, encoded);
  expect([...encoded].map((value) => value.toFixed(3))).toEqual(["0.299", "0.587", "0.114"]);
});

test("levels are written as even steps between the two colours, and alpha is unchanged", () => {
  const tones = createTones({
    channels: 4,
    count: 3,
    planes: 1,
    linearLight: true,
    dark: [0, 0, 1],
    light: [1, 0.5, 1],
  });
  const row = new Float32Array(12).fill(0.25);
  tones.write(Uint8Array.of(0, 1, 2), row);
  expect([...row]).toEqual([0, 0, 1, 0.25, 0.5, 0.25, 1, 0.25, 1, 0.5, 1, 0.25]);
});
