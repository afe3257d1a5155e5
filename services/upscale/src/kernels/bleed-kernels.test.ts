import { createFrame, createFrameSource, type Frame } from "@pixelmesh/imaging";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bleedColors as bleedReference } from "../../test/reference/bleed.ts";
import { bleedColors } from "../domain/bleed.ts";

/** Noise with discs that are opaque, or faint, in places. */
function createPicture(widthPx: number, heightPx: number, channels: 2 | 4, seed: number): Frame {
  const frame = createFrame(widthPx, heightPx, channels);
  const noise = (at: number) => (Math.imul(at * 73_856_093 + seed * 19_349_663, 2_654_435_761) >>> 24) & 255;
  const period = 9 + (seed % 60);
  for (let y = 0, at = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const distance = Math.hypot((x % period) - period / 2, (y % period) - period / 2);
      for (let channel = 0; channel < channels - 1; channel++, at++) frame.data[at] = noise(at);
      frame.data[at++] = distance < period * (0.1 + (seed % 5) / 10) ? 1 + (noise(at) % 255) : 0;
    }
  }
  return frame;
}

const pictures = fc
  .tuple(fc.integer({ min: 1, max: 150 }), fc.integer({ min: 1, max: 80 }), fc.constantFrom<2 | 4>(2, 4), fc.nat(1000))
  .map((shape) => createPicture(...shape));

test("colours under transparency are bit-identical to the reference's, for any rows that are read", async () => {
  await fc.assert(
    fc.asyncProperty(
      pictures,
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 1, max: 80 }),
      async (frame, reachPx, step) => {
        const [found, wanted] = [bleedColors, bleedReference].map((bleed) => bleed(createFrameSource(frame), reachPx));
        for (let y = 0; y < frame.heightPx; y += step) {
          const count = Math.min(step, frame.heightPx - y);
          expect(Buffer.compare(await found!.readRows(y, count), await wanted!.readRows(y, count))).toBe(0);
        }
      },
    ),
    { numRuns: 60 },
  );
});
