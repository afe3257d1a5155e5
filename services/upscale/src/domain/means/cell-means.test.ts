import fc from "fast-check";
import { expect, test } from "vitest";
import { createCellMeans, createSharedCells } from "./cell-means.ts";

type Size = { readonly widthPx: number; readonly heightPx: number };

/** The definition: the integral of the enlarged picture over the area of one source pixel, divided by that area. */
function meanOf(data: Uint8Array, large: Size, small: Size, channels: number, x: number, y: number, channel: number) {
  const [across, down] = [large.widthPx / small.widthPx, large.heightPx / small.heightPx];
  const overlap = (cell: number, factor: number, at: number) =>
    Math.max(0, Math.min((cell + 1) * factor, at + 1) - Math.max(cell * factor, at));
  let sum = 0;
  for (let row = 0; row < large.heightPx; row++)
    for (let column = 0; column < large.widthPx; column++)
      sum +=
        overlap(x, across, column) *
        overlap(y, down, row) *
        (data[(row * large.widthPx + column) * channels + channel] as number);
  return sum / (across * down);
}

const side = fc.integer({ min: 1, max: 9 });
const cases = fc
  .record({ width: side, height: side, more: fc.tuple(side, side), times: fc.constantFrom(0, 2, 3, 4) })
  .chain(({ width, height, more, times }) => {
    const small = { widthPx: width, heightPx: height };
    const large = times
      ? { widthPx: width * times, heightPx: height * times }
      : { widthPx: width + more[0], heightPx: height + more[1] };
    const channels = 3;
    const length = large.widthPx * large.heightPx * channels;
    return fc.record({
      small: fc.constant(small),
      large: fc.constant(large),
      data: fc.uint8Array({ minLength: length, maxLength: length }),
    });
  });

test("the mean over each source pixel's area is exact for any factor", () => {
  fc.assert(
    fc.property(cases, fc.constantFrom(1, 3, 99), ({ small, large, data }, mostRows) => {
      for (const create of [createCellMeans, createSharedCells]) {
        const cells = create(large, small, 3);
        const stride = large.widthPx * 3;
        const means: number[] = [];
        for (let y = 0, count = 1; y < large.heightPx; y += count) {
          count = Math.min(cells.wanted(), mostRows);
          means.push(...(cells.push(data.slice(y * stride, (y + count) * stride)) ?? []));
        }
        expect(means).toHaveLength(small.widthPx * small.heightPx * 3);
        for (const [at, mean] of means.entries()) {
          const pixel = Math.floor(at / 3);
          const [x, y] = [pixel % small.widthPx, Math.floor(pixel / small.widthPx)];
          expect(mean).toBeCloseTo(meanOf(data, large, small, 3, x, y, at % 3), 3);
        }
      }
    }),
    { numRuns: 120 },
  );
});

test("a row that does not begin at a multiple of four bytes gives the same sums", () => {
  const memory = Uint8Array.from({ length: 100 }, (_, at) => at * 2);
  const sums = [0, 1, 2, 3].map((offset) => {
    const cells = createCellMeans({ widthPx: 8, heightPx: 2 }, { widthPx: 4, heightPx: 1 }, 3);
    const row = (from: number) => memory.subarray(offset + from, offset + from + 24);
    cells.push(row(0));
    return [...(cells.push(row(24)) ?? [])].map((mean) => mean - 2 * offset);
  });
  for (const each of sums) expect(each).toEqual(sums[0]);
});
