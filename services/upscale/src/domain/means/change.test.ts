import fc from "fast-check";
import { expect, test } from "vitest";
import { createChange } from "./change.ts";

const side = fc.integer({ min: 1, max: 12 });
const amount = fc.oneof(fc.constant(0), fc.double({ min: -1, max: 1, noNaN: true }));
const cases = fc
  .record({ short: side, factor: fc.double({ min: 1, max: 5, noNaN: true }), channels: fc.constantFrom(1, 3) })
  .chain(({ short, factor, channels }) => {
    const long = Math.max(short, Math.round(short * factor));
    const samples = short * channels;
    return fc.record({
      shape: fc.constant({ long, short, channels }),
      row: fc.uint8Array({ minLength: long * channels, maxLength: long * channels }),
      factors: fc.array(amount, { minLength: samples, maxLength: samples }),
      offsets: fc.array(amount, { minLength: samples, maxLength: samples }),
    });
  });

test("each sample gets the change interpolated from the source pixels around it", () => {
  fc.assert(
    fc.property(cases, ({ shape: { long, short, channels }, row, factors, offsets }) => {
      const changes = Float32Array.from([...factors, ...offsets.map((offset) => offset * 255)]);
      const changed = row.slice();
      createChange(long, short, channels)(changed, changes);
      for (const [at, sample] of row.entries()) {
        const [x, channel] = [Math.floor(at / channels), at % channels];
        const place = Math.min(short - 1, Math.max(0, ((x + 0.5) * short) / long - 0.5));
        const [left, right] = [Math.floor(place), Math.min(short - 1, Math.floor(place) + 1)];
        const between = (first: number) => {
          const valueAt = (column: number) => changes[first + column * channels + channel] as number;
          return valueAt(left) * (1 - place + left) + valueAt(right) * (place - left);
        };
        const expected = sample + sample * between(0) + between(short * channels);
        expect(Math.abs((changed[at] as number) - Math.min(255, Math.max(0, expected)))).toBeLessThan(0.501);
      }
    }),
    { numRuns: 200 },
  );
});
