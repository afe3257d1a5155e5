import fc from "fast-check";
import { expect, test } from "vitest";
import { openKernelSpace } from "../../kernels/kernel-space.ts";
import { createChange } from "./change.ts";

const side = fc.integer({ min: 1, max: 12 });
const gain = fc.oneof(fc.constant(0), fc.double({ min: -1, max: 1, noNaN: true }));
const cases = fc
  .record({
    short: side,
    factor: fc.double({ min: 1, max: 5, noNaN: true }),
    channels: fc.constantFrom(1, 3),
    height: fc.constantFrom(1, 2),
  })
  .chain(({ short, factor, channels, height }) => {
    const long = Math.max(short, Math.round(short * factor));
    const samples = short * channels * height;
    return fc.record({
      shape: fc.constant({ long, short, channels, height }),
      rows: fc.uint8Array({ minLength: 9 * long * channels, maxLength: 9 * long * channels }),
      gains: fc.array(gain, { minLength: samples, maxLength: samples }),
    });
  });

test("each sample gets the change interpolated from the source pixels around it", () => {
  fc.assert(
    fc.property(cases, ({ shape: { long, short, channels, height }, rows, gains }) => {
      const space = openKernelSpace();
      const write = (address: number, values: readonly number[]) =>
        space.write(address, new Uint8Array(Float32Array.from(values).buffer));
      // A gain moves a sample this share of the way to 255, or to 0.
      const ofRow = (y: number) => gains.slice(y * short * channels, (y + 1) * short * channels);
      const read = (y: number, factors: number, offsets: number) => {
        write(
          factors,
          ofRow(y).map((value) => -Math.abs(value) * 2 ** 15),
        );
        write(
          offsets,
          ofRow(y).map((value) => Math.max(0, value) * 255 * 2 ** 7),
        );
        return ofRow(y).some((value) => value !== 0);
      };
      const large = { widthPx: long, heightPx: 9 };
      const change = createChange(space, large, { widthPx: short, heightPx: height }, channels, read);
      const changed = rows.slice();
      for (let y = 0; y < 9; y++) change.apply(y, changed, y * long * channels);
      const placeOf = (at: number, all: number, few: number) =>
        Math.min(few - 1, Math.max(0, ((at + 0.5) * few) / all - 0.5));
      let worst = 0;
      for (const [at, sample] of rows.entries()) {
        const [pixel, channel] = [Math.floor(at / channels), at % channels];
        const [x, y] = [placeOf(pixel % long, long, short), placeOf(Math.floor(pixel / long), 9, height)];
        let expected = sample;
        for (const [row, down] of [[Math.floor(y), 1 - (y % 1)] as const, [Math.ceil(y), y % 1] as const])
          for (const [column, across] of [[Math.floor(x), 1 - (x % 1)] as const, [Math.ceil(x), x % 1] as const]) {
            const value = gains[(row * short + column) * channels + channel]!;
            expected += down * across * (value > 0 ? value * (255 - sample) : value * sample);
          }
        worst = Math.max(worst, Math.abs(changed[at]! - expected));
      }
      // Half a level of rounding, and 0.02 for the 16 bits of factors and offsets.
      expect(worst).toBeLessThan(0.52);
      space.close();
    }),
    { numRuns: 300 },
  );
});
