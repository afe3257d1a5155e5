import fc from "fast-check";
import { expect, test } from "vitest";
import { createPicture, createValues, mixLayers, noPause } from "../pictures.ts";
import { estimateLayers, toForeground } from "./foreground.ts";
import { toRgbPlanes } from "./rgb-planes.ts";

const size = { widthPx: 160, heightPx: 60 };

test("layers of one colour each are recovered from their mixture", async () => {
  const alpha = createValues(size, (x) => Math.min(1, Math.max(0, (x - 60) / 12)));
  const [object, background] = [
    [220, 60, 30],
    [20, 90, 200],
  ].map((color) => createPicture(size, 3, (_x, _y, c) => color[c]!));
  const mixed = await toRgbPlanes(mixLayers(object!, background!, alpha).data, size, noPause);
  const layers = await estimateLayers(mixed, alpha, [27, 2], noPause);
  const errors = { naive: 0, found: 0 };
  for (let at = 0; at < alpha.data.length; at++) {
    const share = alpha.data[at]!;
    if (share < 0.1 || share === 1) continue;
    for (const c of [0, 1, 2] as const) {
      const sample = mixed[c].data[at]!;
      const found = toForeground(sample, share, layers.foreground[c].data[at]!, layers.background[c].data[at]!);
      errors.found += Math.abs(found - object!.data[at * 3 + c]! / 255);
      errors.naive += Math.abs(sample - object!.data[at * 3 + c]! / 255);
    }
  }
  expect(errors.found).toBeLessThan(errors.naive / 4);
});

test("an opaque pixel keeps its colour exactly, and any other gets one within range", () => {
  const unit = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(unit, unit, unit, unit, (sample, alpha, foreground, background) => {
      expect(toForeground(sample, 1, foreground, background)).toBe(sample);
      const found = toForeground(sample, alpha, foreground, background);
      expect(found >= 0 && found <= 1).toBe(true);
    }),
  );
});

test("correct estimates of both layers give the object's colour exactly", () => {
  const unit = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(unit, unit, unit, (alpha, foreground, background) => {
      const sample = alpha * foreground + (1 - alpha) * background;
      expect(toForeground(sample, alpha, foreground, background)).toBeCloseTo(foreground, 9);
    }),
  );
});
