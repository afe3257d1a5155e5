import { createFrame } from "@pixelmesh/imaging";
import fc from "fast-check";
import { expect, test } from "vitest";
import { joinAlpha, splitAlpha } from "./alpha.ts";

const pictures = fc
  .record({
    widthPx: fc.integer({ min: 1, max: 9 }),
    heightPx: fc.integer({ min: 1, max: 9 }),
    channels: fc.constantFrom<1 | 2 | 3 | 4>(1, 2, 3, 4),
    seed: fc.integer({ min: 0, max: 255 }),
  })
  .map(({ widthPx, heightPx, channels, seed }) =>
    createFrame(
      widthPx,
      heightPx,
      channels,
      Uint8Array.from({ length: widthPx * heightPx * channels }, (_, at) => (at * 37 + seed) % 256),
    ),
  );

test("taking a picture apart and putting it together gives the picture", () => {
  fc.assert(
    fc.property(pictures, (frame) => {
      const { color, alpha, constantAlpha } = splitAlpha(frame);
      const whole = alpha || constantAlpha !== undefined ? joinAlpha(color, alpha ?? (constantAlpha as number)) : color;
      expect(whole).toEqual(frame);
    }),
  );
});

test("an alpha that is the same everywhere is one number, also when it is not opaque", () => {
  const frame = createFrame(2, 1, 4, new Uint8Array([1, 2, 3, 77, 4, 5, 6, 77]));
  expect(splitAlpha(frame)).toMatchObject({ alpha: undefined, constantAlpha: 77 });
});
