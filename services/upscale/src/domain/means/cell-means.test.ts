import fc from "fast-check";
import { expect, test } from "vitest";
import { createCellMeans as createReference } from "../../../test/reference/means/cell-means.ts";
import { type KernelSpace, openKernelSpace } from "../../kernels/kernel-space.ts";
import { type CellMeans, createCellMeans, createSharedCells } from "./cell-means.ts";

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

type Case = { readonly small: Size; readonly large: Size; readonly data: Uint8Array };

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

/** Pushes the picture, at most `mostRows` rows at once, and returns all means. */
function averageAll(space: KernelSpace, cells: CellMeans, { large, small, data }: Case, mostRows: number): number[] {
  const stride = large.widthPx * 3;
  const to = space.allocate(small.widthPx * 3 * 4);
  const means: number[] = [];
  for (let y = 0, count = 1; y < large.heightPx; y += count) {
    count = Math.min(cells.wanted(), mostRows);
    if (!cells.push(data.slice(y * stride, (y + count) * stride))) continue;
    cells.take(to);
    means.push(...new Float32Array(space.bytes(to, small.widthPx * 3 * 4).slice().buffer));
  }
  return means;
}

test("the mean over each source pixel's area is exact for any factor", () => {
  fc.assert(
    fc.property(cases, fc.constantFrom(1, 3, 99), (picture, mostRows) => {
      const { small, large, data } = picture;
      const space = openKernelSpace();
      for (const create of [createCellMeans, createSharedCells]) {
        const means = averageAll(space, create(space, large, small, 3), picture, mostRows);
        expect(means).toHaveLength(small.widthPx * small.heightPx * 3);
        let worst = 0;
        for (const [at, mean] of means.entries()) {
          const pixel = Math.floor(at / 3);
          const [x, y] = [pixel % small.widthPx, Math.floor(pixel / small.widthPx)];
          worst = Math.max(worst, Math.abs(mean - meanOf(data, large, small, 3, x, y, at % 3)));
        }
        expect(worst).toBeLessThan(0.0005);
      }
      space.close();
    }),
    { numRuns: 120 },
  );
});

test("means of whole pixels equal those of the reference bit by bit", () => {
  fc.assert(
    fc.property(cases, (picture) => {
      const { small, large, data } = picture;
      const isWhole = large.widthPx % small.widthPx === 0 && large.heightPx % small.heightPx === 0;
      fc.pre(isWhole);
      const space = openKernelSpace();
      const reference = createReference(large, small, 3);
      const wanted: number[] = [];
      const stride = large.widthPx * 3;
      for (let y = 0, count = 1; y < large.heightPx; y += count) {
        count = reference.wanted();
        wanted.push(...(reference.push(data.slice(y * stride, (y + count) * stride)) ?? []));
      }
      expect(averageAll(space, createCellMeans(space, large, small, 3), picture, 99)).toEqual(wanted);
      space.close();
    }),
  );
});
