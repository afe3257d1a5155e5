import fc from "fast-check";
import { expect, test } from "vitest";
import { createValues, noPause } from "../pictures.ts";
import { boxMean } from "./box-mean.ts";

test("each value is the mean of its neighbourhood inside the picture, as by direct sums", async () => {
  const side = fc.integer({ min: 1, max: 9 });
  await fc.assert(
    fc.asyncProperty(
      side,
      side,
      fc.integer({ min: 1, max: 12 }),
      fc.infiniteStream(fc.float({ min: 0, max: 1, noNaN: true })),
      async (widthPx, heightPx, radius, stream) => {
        const plane = createValues({ widthPx, heightPx }, () => stream.next().value as number);
        const { data } = await boxMean(plane, radius, noPause);
        for (let y = 0; y < heightPx; y++) {
          for (let x = 0; x < widthPx; x++) {
            const seen: number[] = [];
            for (let v = Math.max(0, y - radius); v <= Math.min(heightPx - 1, y + radius); v++) {
              for (let u = Math.max(0, x - radius); u <= Math.min(widthPx - 1, x + radius); u++)
                seen.push(plane.data[v * widthPx + u]!);
            }
            expect(data[y * widthPx + x]).toBeCloseTo(seen.reduce((sum, value) => sum + value, 0) / seen.length, 5);
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});
