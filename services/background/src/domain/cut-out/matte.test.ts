import type { AppError } from "@pixelmesh/errors";
import { resizeFrame } from "@pixelmesh/imaging";
import { expect, test } from "vitest";
import { createPicture } from "../../../test/pictures.ts";
import { createMatte, findObject, toMatte, toOpaqueRgb } from "./matte.ts";

const square = (sidePx: number) => ({ widthPx: sidePx, heightPx: sidePx });

test("a matte is stretched from its smallest to its largest value", () => {
  expect([...toMatte(Float32Array.of(0.2, 0.4, 0.3, 0.6), square(2)).data].map((value) => value.toFixed(4))).toEqual([
    "0.0000",
    "0.5000",
    "0.2500",
    "1.0000",
  ]);
});

test("a constant matte is kept, within 0 to 1", () => {
  expect([...toMatte(new Float32Array(4).fill(0.25), square(2)).data]).toEqual([0.25, 0.25, 0.25, 0.25]);
  expect([...toMatte(new Float32Array(1).fill(7), square(1)).data]).toEqual([1]);
});

test.each([
  ["too few values", Float32Array.of(0, 1, 0)],
  ["NaN", Float32Array.of(0, 1, Number.NaN, 0)],
  ["an infinite value", Float32Array.of(0, 1, Number.POSITIVE_INFINITY, 0)],
])("%s is RESULT_INVALID", (_, values) => {
  expect(() => toMatte(values, square(2))).toThrow(expect.objectContaining({ reason: "RESULT_INVALID" }) as AppError);
});

test("the model gets RGB of its own size: grey repeated, transparent parts on white", async () => {
  const size = { widthPx: 40, heightPx: 20 };
  const seen: number[][] = [];
  for (const channels of [1, 2, 3, 4] as const) {
    const picture = createPicture(size, channels, (_x, _y, c) => (c === channels - 1 && channels % 2 === 0 ? 0 : 90));
    const infer = async (rgb: Uint8Array) => {
      expect(rgb).toHaveLength(8 * 8 * 3);
      seen.push([...new Set(rgb)]);
      return new Float32Array(64);
    };
    await createMatte(picture, { modelSize: square(8), infer, resize: resizeFrame });
  }
  expect(seen).toEqual([[90], [255], [90], [255]]);
});

test("half-transparent samples are laid on white by their alpha", () => {
  const frame = createPicture({ widthPx: 1, heightPx: 1 }, 4, (_x, _y, c) => [200, 100, 0, 128][c]!);
  expect([...toOpaqueRgb(frame)]).toEqual([227, 177, 127]);
});

test.each([
  ["an object", [0.01, 0.62, 0.3, 0.1], "object"],
  ["nothing", [0.002, 0.155, 0.03, 0.01], "nothing"],
  ["nothing but a constant", [0.25, 0.25, 0.25, 0.25], "nothing"],
  ["no background", [0.81, 0.95, 0.99, 0.9], "everything"],
  ["no background but a constant", [1, 1, 1, 1], "everything"],
  // Not probabilities: only their order counts.
  ["values of any scale", [-3, 0.1, 0.2, 0.2], "object"],
  ["values far above 1", [7, 7, 9, 8], "object"],
] as const)("a model that finds %s", (_, values, wanted) => {
  expect(findObject(Float32Array.from(values))).toBe(wanted);
});
